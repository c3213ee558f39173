# Makes a Windows service that acts as its users and has no other privilege. Run it as an administrator:
#   .\windows-service.ps1 -Command 'C:\portal\portal-service.exe'
# The command is a service host that starts `node --import impersonate/register server.mjs`, such as WinSW.
#Requires -RunAsAdministrator
param(
  [string] $Name = 'Portal',
  [Parameter(Mandatory)] [string] $Command
)
$ErrorActionPreference = 'Stop'

function Invoke-Sc {
  sc.exe @args
  if ($LASTEXITCODE -ne 0) { throw "sc.exe $args failed with $LASTEXITCODE" }
}

# A virtual account: it has no password, no other service uses it, and it is no administrator. LocalSystem
# could do everything on this computer. In a domain it is the computer's account on the network; for an account
# of its own there use a group managed service account: obj= 'EXAMPLE\portal$'.
Invoke-Sc create $Name binPath= "`"$Command`"" obj= "NT SERVICE\$Name" start= delayed-auto

# Windows removes every privilege that is not listed when it starts the service, as
# dropPrivileges({ keep: ['scopes', 'peers'] }) does later. For 'processes' add
# SeAssignPrimaryTokenPrivilege/SeIncreaseQuotaPrivilege. 's4u' at impersonation level needs SeTcbPrivilege, which
# makes the account as powerful as LocalSystem.
Invoke-Sc privs $Name SeChangeNotifyPrivilege/SeImpersonatePrivilege

# Its own SID, to which files and keys can be granted: "NT SERVICE\Portal".
Invoke-Sc sidtype $Name unrestricted
Invoke-Sc failure $Name reset= 86400 actions= restart/5000/restart/60000
Invoke-Sc qprivs $Name

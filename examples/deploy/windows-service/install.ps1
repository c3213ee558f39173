# Makes a Windows service that acts as its users and has no other privilege. Run it as an administrator:
#   .\install.ps1 -ServiceHost C:\portal\shawl.exe -Folder C:\portal
#Requires -RunAsAdministrator
param(
  [string] $Name = 'Portal',
  # The program that runs node as a service.
  [Parameter(Mandatory)] [string] $ServiceHost,
  # The folder with server.mjs and node_modules. Only administrators may write to it.
  [Parameter(Mandatory)] [string] $Folder,
  [string] $Node = "$env:ProgramFiles\nodejs\node.exe",
  # The users' files.
  [string] $Files = 'C:\portal-files'
)
$ErrorActionPreference = 'Stop'

function Invoke-Sc {
  sc.exe @args
  if ($LASTEXITCODE -ne 0) { throw "sc.exe $args failed with $LASTEXITCODE" }
}

# The host leaves restarts to Windows, so that the event log reports them.
$command = "`"$ServiceHost`" run --name $Name --no-restart --cwd `"$Folder`" --log-dir `"$Folder\logs`" -- " +
  "`"$Node`" --import impersonate/register server.mjs 8080 `"$Files`""

# A virtual account: it has no password, no other service uses it, and it is no administrator. LocalSystem could do
# everything on this computer. In a domain it is the computer's account on the network; for an account of its own
# there use a group managed service account, such as 'EXAMPLE\portal$'.
New-Service -Name $Name -BinaryPathName $command -StartupType Automatic | Out-Null
Invoke-Sc config $Name obj= "NT SERVICE\$Name"

# Windows removes every privilege that is not listed when it starts the service, as
# dropPrivileges({ keep: ['scopes', 'negotiate-accept'] }) does later. For 'processes' add
# SeAssignPrimaryTokenPrivilege/SeIncreaseQuotaPrivilege. 's4u' at impersonation level needs SeTcbPrivilege, which
# makes the account as powerful as LocalSystem.
Invoke-Sc privs $Name SeChangeNotifyPrivilege/SeImpersonatePrivilege

# Its own SID, to which files and keys can be granted: "NT SERVICE\Portal".
Invoke-Sc sidtype $Name unrestricted
# Restarts it if it fails, also by an exit code, such as 70 for an identity that was left on a thread.
Invoke-Sc failure $Name reset= 86400 actions= restart/5000/restart/60000
Invoke-Sc failureflag $Name 1

# Inherited rights are removed: users may not write to C:\portal, as they may to new folders of C:\.
New-Item -ItemType Directory -Force "$Folder\logs" | Out-Null
icacls.exe $Folder /inheritance:r /grant '*S-1-5-32-544:(OI)(CI)F' '*S-1-5-18:(OI)(CI)F' "NT SERVICE\${Name}:(OI)(CI)RX" | Out-Null
if ($LASTEXITCODE -ne 0) { throw "icacls.exe failed with $LASTEXITCODE" }
icacls.exe "$Folder\logs" /grant "NT SERVICE\${Name}:(OI)(CI)M" | Out-Null
if ($LASTEXITCODE -ne 0) { throw "icacls.exe failed with $LASTEXITCODE" }

Start-Service $Name
Invoke-Sc qprivs $Name

#pragma once

#include "fs/call.h"

// libuv's file system calls, each with the arguments that `kOperations` lists for it. They run synchronously
// under the identity of the calling thread, and store their error or result in the call.
namespace impersonate::fs {

// By path.
void Access(Call& call);
void Chmod(Call& call);
void Chown(Call& call);
void Guard(Call& call);
void LChown(Call& call);
void Link(Call& call);
void LStat(Call& call);
void LUtime(Call& call);
void MkDir(Call& call);
void MkDTemp(Call& call);
void ReadLink(Call& call);
void RealPath(Call& call);
void Rename(Call& call);
void RmDir(Call& call);
void ScanDir(Call& call);
void Stat(Call& call);
void StatFs(Call& call);
void SymLink(Call& call);
void Unlink(Call& call);
void UTime(Call& call);

// Files and directories that are open, or opened, read or copied.
void Close(Call& call);
void CloseDir(Call& call);
void CopyFile(Call& call);
void FChmod(Call& call);
void FChown(Call& call);
void FUtime(Call& call);
void Open(Call& call);
void OpenDir(Call& call);
void ReadDir(Call& call);
void ReadFile(Call& call);
void WriteFile(Call& call);

}  // namespace impersonate::fs

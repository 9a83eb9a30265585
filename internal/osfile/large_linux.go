package osfile

import "syscall"

// LargeFile, given to [os.Root.OpenFile], allows files over 2 GiB where the kernel wants to be asked: a Root does not
// ask by itself, as os.OpenFile does.
const LargeFile = syscall.O_LARGEFILE

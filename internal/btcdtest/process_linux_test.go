package btcdtest

import "syscall"

// processAttributes lets the kernel end a node whose test was itself killed.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

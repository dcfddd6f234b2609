//go:build !linux

package btcdtest

import "syscall"

func processAttributes() *syscall.SysProcAttr { return nil }

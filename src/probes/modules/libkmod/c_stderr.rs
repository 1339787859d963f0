//! Keeps libkmod off the terminal while it reads modprobe.d.
//!
//! kmod_new reads the configuration before a log function can be set, and reports lines that it
//! does not understand, with whatever bytes are in them, through the `stderr` of C.
#![allow(unsafe_code)] // No crate wraps the standard streams of C.

use std::ffi::{CStr, c_char, c_int};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[repr(C)]
struct File {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    static mut stderr: *mut File;
    fn fopen(path: *const c_char, mode: *const c_char) -> *mut File;
    fn fclose(file: *mut File) -> c_int;
}

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// While it lives, what C code writes to `stderr` is lost. Rust writes to descriptor 2 and is
/// not affected, and neither is a thread that waits for ever in libkmod.
pub(super) struct Silence {
    terminal: *mut File,
    nowhere: *mut File,
    _guard: MutexGuard<'static, ()>,
}

impl Silence {
    /// `None` when /dev/null cannot be opened, and where the streams of C cannot be set, as with
    /// musl: then libkmod may speak.
    pub(super) fn begin() -> Option<Self> {
        const NOWHERE: &CStr = c"/dev/null";
        if !cfg!(target_env = "gnu") {
            return None;
        }
        let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: both arguments are strings of C that outlive the call.
        let nowhere = unsafe { fopen(NOWHERE.as_ptr(), c"we".as_ptr()) };
        if nowhere.is_null() {
            return None;
        }
        // SAFETY: glibc says that programs may set its standard streams like other variables.
        // Nothing else in this program writes the variable, and the lock keeps this type alone.
        let terminal = unsafe { std::ptr::replace(&raw mut stderr, nowhere) };
        Some(Silence {
            terminal,
            nowhere,
            _guard: guard,
        })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // SAFETY: as above for the variable. `nowhere` was opened by fopen and is closed once;
        // the owner of a context has told it to log elsewhere before this is dropped.
        unsafe {
            std::ptr::write(&raw mut stderr, self.terminal);
            fclose(self.nowhere);
        }
    }
}

//! Error numbers as the kernel gives them.

use serde::{Deserialize, Serialize};

/// A positive error number. Its name is what people search for, so it is shown by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Errno(pub i32);

impl Errno {
    /// Not permitted.
    pub const EPERM: Errno = Errno(1);
    /// No such file, module, handler or socket.
    pub const ENOENT: Errno = Errno(2);
    /// The kernel cannot execute or load a file of this form.
    pub const ENOEXEC: Errno = Errno(8);
    /// Access denied, by a mode or a security module.
    pub const EACCES: Errno = Errno(13);
    /// The request was not understood.
    pub const EINVAL: Errno = Errno(22);
    /// The call does not exist here.
    pub const ENOSYS: Errno = Errno(38);
    /// The netlink protocol does not exist here.
    pub const EPROTONOSUPPORT: Errno = Errno(93);
    /// The operation is not supported.
    pub const EOPNOTSUPP: Errno = Errno(95);
    /// The address family does not exist here.
    pub const EAFNOSUPPORT: Errno = Errno(97);
    /// Such an address cannot be assigned here.
    pub const EADDRNOTAVAIL: Errno = Errno(99);
    /// The receive buffer overflowed.
    pub const ENOBUFS: Errno = Errno(105);

    /// The symbolic name, for the numbers that this program can meet.
    pub fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            1 => "EPERM",
            2 => "ENOENT",
            3 => "ESRCH",
            4 => "EINTR",
            5 => "EIO",
            8 => "ENOEXEC",
            9 => "EBADF",
            11 => "EAGAIN",
            12 => "ENOMEM",
            13 => "EACCES",
            16 => "EBUSY",
            17 => "EEXIST",
            19 => "ENODEV",
            20 => "ENOTDIR",
            21 => "EISDIR",
            22 => "EINVAL",
            23 => "ENFILE",
            24 => "EMFILE",
            32 => "EPIPE",
            38 => "ENOSYS",
            40 => "ELOOP",
            90 => "EMSGSIZE",
            93 => "EPROTONOSUPPORT",
            95 => "EOPNOTSUPP",
            97 => "EAFNOSUPPORT",
            98 => "EADDRINUSE",
            99 => "EADDRNOTAVAIL",
            100 => "ENETDOWN",
            101 => "ENETUNREACH",
            105 => "ENOBUFS",
            110 => "ETIMEDOUT",
            111 => "ECONNREFUSED",
            _ => return None,
        })
    }
}

impl std::fmt::Display for Errno {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "errno {}", self.0),
        }
    }
}

//! The modprobe of a root, read as data: its version decides which files it reads.

use crate::probes::io_gap;
use crate::root::Root;
use sockdoctor_checks::facts::{Gap, Why};
use std::path::Path;

/// Where the kernel looks for it, unless somebody chose another place (CONFIG_MODPROBE_PATH,
/// kernel/module/Kconfig).
pub(crate) const MODPROBE: &str = "/sbin/modprobe";

/// How kmod names itself (kmod_version, tools/kmod.h), in one string of the program.
const NAME: &[u8] = b"kmod version ";

/// A modprobe of kmod, which has libkmod in it.
#[derive(Debug)]
pub(super) struct Program {
    version: u32,
    bytes: Vec<u8>,
}

impl Program {
    /// # Errors
    /// It is not there, or it is another one, as that of busybox, which reads other files.
    pub(super) fn read(root: &dyn Root) -> Result<Self, Gap> {
        let bytes = root.read(Path::new(MODPROBE));
        let bytes = bytes.map_err(|error| io_gap(MODPROBE, &error))?;
        let why = "this is not the modprobe of kmod, and another reads other files";
        let version = version(&bytes).filter(|_| bytes.starts_with(b"\x7fELF"));
        let version =
            version.ok_or_else(|| Gap::new(MODPROBE, Why::Unsupported(why.to_owned())))?;
        Ok(Program { version, bytes })
    }

    /// Whether it reads this directory of configuration files. /usr/local came with kmod 29;
    /// /usr/lib came with 32, but only where the distribution chose it (DISTCONFDIR).
    pub(super) fn reads(&self, directory: &str) -> bool {
        if directory.starts_with("/usr/local") {
            return self.version >= 29;
        }
        let own = [directory.as_bytes(), b"\0"].concat();
        !directory.starts_with("/usr/lib") || find(&self.bytes, &own).is_some()
    }

    /// Names that end in `.alias` counted before kmod 33.
    pub(super) fn reads_alias_files(&self) -> bool {
        self.version < 33
    }
}

fn version(program: &[u8]) -> Option<u32> {
    let at = find(program, NAME)? + NAME.len();
    let digits = program[at..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let digits: Vec<u8> = digits.copied().collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

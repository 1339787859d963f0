//! What the next boot would set.

use super::{Fact, Gap, Place, Why};
use serde::{Deserialize, Serialize};

/// The winners of sysctl.d(5) and modules-load.d(5), in systemd's order of precedence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Boot {
    /// The settings that the checks ask for, as the next boot would leave them.
    pub sysctls: Fact<Vec<BootSysctl>>,
    /// Lines that may set one of them, and nobody here can tell whether they do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<BootDoubt>,
    /// The diag modules that the next boot would load by name.
    pub modules: Fact<Vec<BootModule>>,
}

impl Boot {
    /// A configuration of which nothing could be read, because of `gap`.
    pub fn missing(gap: &Gap) -> Self {
        Boot {
            sysctls: Fact::Missing(gap.clone()),
            doubts: Vec::new(),
            modules: Fact::Missing(gap.clone()),
        }
    }
}

impl Boot {
    /// The line that sets `key` at the next boot, when one is known to.
    pub fn line(&self, key: &str) -> Option<&BootSysctl> {
        let sysctls = self.sysctls.value()?;
        sysctls.iter().find(|line| line.key == key)
    }

    /// The lines that may set `key`.
    pub fn doubts(&self, key: &str) -> impl Iterator<Item = &BootDoubt> {
        self.doubts
            .iter()
            .filter(move |doubt| doubt.line.key == key)
    }
}

/// A line that may set a sysctl.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootDoubt {
    /// The line.
    #[serde(flatten)]
    pub line: BootSysctl,
    /// Why it is not known whether it does.
    pub because: Doubt,
}

impl BootDoubt {
    /// What is not known because of it.
    pub fn gap(&self) -> Gap {
        let BootSysctl { key, value, place } = &self.line;
        let why = match &self.because {
            Doubt::NobodyApplies => {
                "there is no systemd-sysctl, and who else would apply it is not known".to_owned()
            }
            Doubt::AppliedBy { script } => {
                format!("there is no systemd-sysctl, and what {script} makes of it is not known")
            }
            Doubt::OnlyProcpsReads => {
                "systemd does not read this file, and `sysctl --system` reads it last".to_owned()
            }
            Doubt::CommandLine => "the kernel sets it where that line is booted".to_owned(),
        };
        Gap::new(format!("{key} = {value} at {place}"), Why::Unsupported(why))
    }
}

/// Why it is not known whether a line sets anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Doubt {
    /// Neither systemd-sysctl is there nor anything else that is known to read the file.
    NobodyApplies,
    /// Another program than systemd-sysctl reads the file, and has an order of its own.
    AppliedBy {
        /// Its path.
        script: String,
    },
    /// /etc/sysctl.conf, which `sysctl --system` of procps reads and systemd-sysctl does not.
    OnlyProcpsReads,
    /// A kernel command line. It counts where it is booted and no file sets the key again
    /// (do_sysctl_args, fs/proc/proc_sysctl.c, since Linux 5.8).
    CommandLine,
}

/// A sysctl and the line that wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootSysctl {
    /// With dots: `net.core.somaxconn`.
    pub key: String,
    /// As written.
    pub value: String,
    /// The line.
    pub place: Place,
}

impl BootSysctl {
    /// As many digits the kernel reads (TMPBUFLEN in proc_get_long, kernel/sysctl.c).
    const DIGITS: usize = 20;

    /// The number that the kernel reads, in C's notation, so that 010 is 8, and at most INT_MAX
    /// (proc_get_long and proc_dointvec_minmax, kernel/sysctl.c). What follows after a blank is
    /// passed over. `None`: the kernel refuses it.
    pub fn number(&self) -> Option<u32> {
        let is_blank = |first: char| matches!(first, ' ' | '\t'..='\r');
        let value = self.value.trim_start_matches(is_blank);
        let value = value.split([' ', '\t', '\n']).next()?;
        if value.len() > Self::DIGITS {
            return None;
        }
        let number = match value.strip_prefix("0x").or(value.strip_prefix("0X")) {
            Some(hexadecimal) => digits(hexadecimal, 16),
            None if value.len() > 1 && value.starts_with('0') => digits(value, 8),
            None => digits(value, 10),
        };
        number.filter(|&number| i32::try_from(number).is_ok())
    }
}

fn digits(text: &str, radix: u32) -> Option<u32> {
    let is_plain = text.starts_with(|first: char| first.is_ascii_hexdigit());
    is_plain
        .then(|| u32::from_str_radix(text, radix).ok())
        .flatten()
}

/// A module and the line that loads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootModule {
    /// As written, dashes turned to underscores.
    pub module: String,
    /// The line.
    pub place: Place,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Option<u32> {
        let place = Place {
            path: "/etc/sysctl.d/x.conf".to_owned(),
            line: Some(1),
        };
        let (key, value) = ("net.core.somaxconn".to_owned(), value.to_owned());
        BootSysctl { key, value, place }.number()
    }

    #[test]
    fn numbers_are_read_as_the_kernel_reads_them() {
        assert_eq!(read("4096"), Some(4096));
        assert_eq!(read(" 010000\n"), Some(4096));
        assert_eq!(read("0x10"), Some(16));
        assert_eq!(read("4096 # as on the others"), Some(4096));
        assert_eq!(read("\u{b}16 32"), Some(16));
        assert_eq!(read("00000000000000000016"), Some(14));
        assert_eq!(read("2147483647"), Some(2_147_483_647));
        for refused in [
            "",
            "+16",
            "-1",
            "2147483648",
            "4294967295",
            "09",
            "16x",
            "16\u{b}",
            "000000000000000000016",
            "x",
        ] {
            assert_eq!(read(refused), None, "{refused}");
        }
    }
}

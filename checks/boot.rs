//! What the next boot makes of a line, and what a line leaves open.

use crate::facts::{BootDoubt, BootSysctl, Doubt, Gap, Why};

impl BootSysctl {
    /// As many digits the kernel reads (TMPBUFLEN in proc_get_long, kernel/sysctl.c).
    const DIGITS: usize = 20;

    /// One byte since Linux 5.13 and 5.10.178 (proc_dou8vec_minmax, commit 4ecc1baf362c). Nobody
    /// means more, so what older kernels make of it is not told apart.
    const BYTES: [&str; 3] = [
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_abort_on_overflow",
        "net.ipv4.tcp_synack_retries",
    ];

    /// The number that the kernel reads, in C's notation, so that 010 is 8, and at most INT_MAX or
    /// a byte (proc_get_long and proc_dointvec_minmax, kernel/sysctl.c). What follows after a blank
    /// is passed over. `None`: the kernel refuses it.
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
        let is_byte = Self::BYTES.contains(&self.key.as_str());
        number.filter(|&number| match is_byte {
            true => u8::try_from(number).is_ok(),
            false => i32::try_from(number).is_ok(),
        })
    }
}

fn digits(text: &str, radix: u32) -> Option<u32> {
    let is_plain = text.starts_with(|first: char| first.is_ascii_hexdigit());
    is_plain
        .then(|| u32::from_str_radix(text, radix).ok())
        .flatten()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Place;

    fn read(value: &str) -> Option<u32> {
        read_of("net.core.somaxconn", value)
    }

    fn read_of(key: &str, value: &str) -> Option<u32> {
        let place = Place {
            path: "/etc/sysctl.d/x.conf".to_owned(),
            line: Some(1),
        };
        let (key, value) = (key.to_owned(), value.to_owned());
        BootSysctl { key, value, place }.number()
    }

    #[test]
    fn what_is_a_byte_in_the_kernel_takes_no_more() {
        for key in BootSysctl::BYTES {
            assert_eq!(read_of(key, "255"), Some(255));
            assert_eq!(read_of(key, "0x100"), None);
        }
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

//! What the kernel wrote to its log while this program ran: /dev/kmsg.
//!
//! Where a module was tried and refused, user space learns nothing: the kernel's own modprobe
//! has no terminal, and sock_diag says ENOENT whatever went wrong. The log has the reason.

use super::io_gap;
use rustix::fs::{Mode, OFlags, open};
use sockdoctor_checks::facts::{DiagModule, Fact, Gap, LogLine};
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

const KMSG: &str = "/dev/kmsg";
/// A longer record does not exist (CONSOLE_EXT_LOG_MAX, include/linux/printk.h; since Linux 6.6
/// PRINTK_MESSAGE_MAX, kernel/printk/internal.h).
const RECORD: usize = 8192;
/// How many records are looked at: a machine may write to its log without end.
const RECORDS: usize = 4096;
/// How many lines are kept.
const LINES: usize = 64;
/// What the kernel says of modules in general. Those that concern one diag module name it.
const WORDS: [&str; 6] = [
    "module",
    "version magic",
    "elf header",
    "lockdown",
    "signature",
    "modprobe",
];

/// The log, at the place where it ended when it was opened.
#[derive(Debug)]
pub(crate) struct KernelLog(Result<File, Gap>);

impl KernelLog {
    /// Opens the log behind its last record, so that whatever is read later is news. No clock
    /// has to be compared: that of the log is none of those that a process can read.
    pub(crate) fn at_its_end() -> Self {
        KernelLog(open_at_end(Path::new(KMSG)))
    }

    /// The lines about modules that were written since it was opened.
    pub(crate) fn news(self) -> Fact<Vec<LogLine>> {
        self.0.and_then(read).into()
    }
}

fn open_at_end(path: &Path) -> Result<File, Gap> {
    let gap = |error: std::io::Error| io_gap(path.display().to_string(), &error);
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = open(path, flags, Mode::empty()).map_err(|error| gap(error.into()))?;
    let mut file = File::from(fd);
    file.seek(SeekFrom::End(0)).map_err(gap)?;
    Ok(file)
}

/// One read gives one record. EPIPE: some were overwritten before they were read, and the next
/// read goes on behind them (devkmsg_read, kernel/printk/printk.c).
fn read(mut log: impl Read) -> Result<Vec<LogLine>, Gap> {
    let mut lines = Vec::new();
    let mut record = [0; RECORD];
    for _ in 0..RECORDS {
        match log.read(&mut record) {
            Ok(0) => break,
            Ok(length) => lines.extend(parse(&record[..length]).filter(is_about_modules)),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => break,
                ErrorKind::BrokenPipe | ErrorKind::Interrupted => {}
                _ => return Err(io_gap(KMSG, &error)),
            },
        }
        if lines.len() >= LINES {
            break;
        }
    }
    Ok(lines)
}

/// `6,339,5140900,-;text`, then lines of key=value that begin with a blank
/// (Documentation/ABI/testing/dev-kmsg).
fn parse(record: &[u8]) -> Option<LogLine> {
    let record = String::from_utf8_lossy(record);
    let (prefix, rest) = record.split_once(';')?;
    Some(LogLine {
        micros_since_boot: prefix.split(',').nth(2)?.parse().ok()?,
        text: rest.lines().next()?.to_owned(),
    })
}

fn is_about_modules(line: &LogLine) -> bool {
    let text = line.text.to_lowercase();
    let mut names = DiagModule::ALL.into_iter().map(DiagModule::name);
    names.any(|name| text.contains(name)) || WORDS.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;
    use std::io;

    /// Gives one record a read, as the kernel does.
    struct Records(VecDeque<io::Result<&'static str>>);

    impl Read for Records {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let record = self.0.pop_front();
            let record = record.unwrap_or(Err(ErrorKind::WouldBlock.into()))?;
            buffer[..record.len()].copy_from_slice(record.as_bytes());
            Ok(record.len())
        }
    }

    fn texts<const N: usize>(records: [io::Result<&'static str>; N]) -> Vec<String> {
        let lines = read(Records(records.into())).expect("a log");
        lines.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_about_modules_is_kept_with_its_time() {
        let records = [
            Ok("3,812,5140900,-;tcp_diag: version magic 'a' should be 'b'\n SUBSYSTEM=x\n"),
            Ok("6,813,5140901,-;usb 1-1: new device\n"),
            Ok("5,814,61000002,-,caller=T9;Loading of unsigned module is rejected\n"),
        ];
        let expected = [
            "[5.140900] tcp_diag: version magic 'a' should be 'b'",
            "[61.000002] Loading of unsigned module is rejected",
        ];
        assert_eq!(texts(records), expected);
    }

    #[test]
    fn overwritten_records_do_not_end_the_reading() {
        let records = [
            Err(ErrorKind::BrokenPipe.into()),
            Ok("3,9,7,-;Module tcp_diag is blacklisted\n"),
        ];
        assert_eq!(
            texts(records),
            ["[0.000007] Module tcp_diag is blacklisted"]
        );
    }

    proptest! {
        #[test]
        fn any_record_can_be_read(record: Vec<u8>) {
            let _ = parse(&record);
        }

        #[test]
        fn time_and_text_survive(micros: u64, text in "[ -~]{1,80}") {
            let line = parse(format!("6,1,{micros},-;{text}\n").as_bytes());
            prop_assert_eq!(line, Some(LogLine { micros_since_boot: micros, text }));
        }
    }
}

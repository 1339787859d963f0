//! The process that a user means.

use crate::probes::processes::kept;
use crate::report::escape::{Charset, escape};
use sockdoctor_checks::facts::Owner;
use sockdoctor_checks::listeners::Process;

/// `process`, and a name as the process has it: it may be given longer, as its program is called,
/// or as a report shows it, without what would act on a terminal.
pub(super) fn as_it_is_called(process: &Process, owners: &[Owner]) -> Process {
    let Process::Name(given) = process else {
        return process.clone();
    };
    let kept = kept(given);
    let is_shown_so = |name: &str| {
        let charsets = [Charset::Unicode, Charset::Ascii];
        charsets.iter().any(|&one| escape(name, one) == *given)
    };
    let mut names = owners.iter().map(|owner| owner.name.as_str());
    let found = names
        .clone()
        .find(|name| name == given)
        .or_else(|| names.clone().find(|name| *name == kept))
        .or_else(|| names.find(|name| is_shown_so(name)));
    Process::Name(found.unwrap_or(given).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(given: &str, name: &str) -> bool {
        let owner = Owner {
            inode: 7,
            pid: 812,
            name: name.to_owned(),
            container: None,
        };
        let given = Process::Name(given.to_owned());
        as_it_is_called(&given, &[owner]) == Process::Name(name.to_owned())
    }

    #[test]
    fn a_long_name_is_compared_as_far_as_the_kernel_keeps_it() {
        assert!(found("systemd-resolved", "systemd-resolve"));
        assert!(!found("systemd-resol", "systemd-resolve"));
        assert!(found("abcdefghijklmn\u{e9}", r"abcdefghijklmn\xc3"));
    }

    #[test]
    fn a_name_can_be_given_as_the_report_shows_it() {
        assert!(found(r"\x1b[2J\x1b[2J", "\x1b[2J\x1b[2J"));
        assert!(found(r"Gr\u{f6}\xff", "Gr\u{f6}\\xff"));
        assert!(!found("[2J", "\x1b[2J"));
    }
}

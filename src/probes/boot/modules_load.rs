//! modules-load.d(5), as systemd-modules-load reads it.

use super::applied;
use super::lines::lines;
use crate::probes::drop_ins::{self, place};
use crate::root::Root;
use crate::text::text;
use drop_ins::DropIn;
use sockdoctor_checks::facts::{BootModule, DiagModule, Fact, Gap, Why};
use std::path::Path;

/// What init scripts of Debian, OpenRC and Alpine read, too.
const OF_SCRIPTS: &str = "/etc/modules";

/// The diag modules that are loaded by name at boot, in file order.
pub(super) fn collect(root: &dyn Root) -> Fact<Vec<BootModule>> {
    let directories = drop_ins::directories(root, "modules-load.d");
    match applied::by_systemd(root, "systemd-modules-load") {
        Ok(true) => {
            let (files, gaps) = drop_ins::read(root, &directories);
            Fact::with_gaps(files.iter().flat_map(named).collect(), gaps)
        }
        Ok(false) => {
            let (mut files, mut gaps) = (Vec::new(), Vec::new());
            for directory in directories {
                let (more, unread) = drop_ins::read(root, &[directory]);
                files.extend(more);
                gaps.extend(unread);
            }
            let paths = std::iter::once(Path::new(OF_SCRIPTS).to_owned());
            files.extend(drop_ins::read_all(root, paths, &mut gaps));
            let named = files.iter().flat_map(named).take(DOUBTS);
            gaps.extend(named.map(|module| doubt(&module)));
            Fact::with_gaps(Vec::new(), gaps)
        }
        Err(gap) => Fact::Missing(gap),
    }
}

/// As many lines are told that may load a module.
const DOUBTS: usize = 4;

/// Without systemd-modules-load, which of these files are read, and whether blacklists are heeded,
/// depends on the script that does it.
fn doubt(named: &BootModule) -> Gap {
    let why = "there is no systemd-modules-load, and what else would load it is not known";
    Gap::new(
        format!("{} at {}", named.module, named.place),
        Why::Unsupported(why.to_owned()),
    )
}

fn named(file: &DropIn) -> Vec<BootModule> {
    let modules = lines(&file.bytes).filter_map(|(number, line)| {
        Some(BootModule {
            module: diag_module(line)?.name().to_owned(),
            place: place(&file.path, number),
        })
    });
    modules.collect()
}

/// A line is one module name, dashes and underscores alike. A comment is no module's name, so
/// it needs no rule of its own.
fn diag_module(line: &[u8]) -> Option<DiagModule> {
    let name = text(line).replace('-', "_");
    DiagModule::ALL
        .into_iter()
        .find(|module| module.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::testing::{opened, root};
    use proptest::prelude::*;
    use sockdoctor_checks::facts::Place;

    const SYSTEMD: (&str, &str) = ("lib/systemd/systemd-modules-load", "");

    #[test]
    fn without_systemd_nobody_knows_what_is_loaded() {
        let root = root(&[
            ("etc/modules", "loop\ntcp_diag\n"),
            ("usr/lib/modules-load.d/a.conf", "unix_diag\n"),
            ("etc/modules-load.d/a.conf", ""),
        ]);
        let fact = collect(&opened(&root));
        assert_eq!(fact.value(), Some(&Vec::new()));
        let gaps: Vec<&str> = fact.gaps().iter().map(|gap| &*gap.what).collect();
        let expected = [
            "unix_diag at /usr/lib/modules-load.d/a.conf:1",
            "tcp_diag at /etc/modules:2",
        ];
        assert_eq!(gaps, expected);
    }

    #[test]
    fn diag_modules_are_found_with_their_lines_and_others_are_not_listed() {
        let text = "# tcp_diag\n; udp_diag\nloop\r\n\n  tcp-diag \0";
        let root = root(&[SYSTEMD, ("etc/modules-load.d/sock_diag.conf", text)]);
        let expected = BootModule {
            module: "tcp_diag".to_owned(),
            place: Place {
                path: "/etc/modules-load.d/sock_diag.conf".to_owned(),
                line: Some(5),
            },
        };
        assert_eq!(collect(&opened(&root)), Fact::Known(vec![expected]));
    }

    #[test]
    fn a_file_in_etc_hides_the_same_name_in_usr() {
        let root = root(&[
            SYSTEMD,
            ("usr/lib/modules-load.d/a.conf", "tcp_diag\n"),
            ("etc/modules-load.d/a.conf", ""),
        ]);
        assert_eq!(collect(&opened(&root)), Fact::Known(Vec::new()));
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(line: Vec<u8>) {
            let _ = diag_module(&line);
        }
    }
}

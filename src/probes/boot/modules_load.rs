//! modules-load.d(5), as systemd-modules-load reads it.

use super::lines::lines;
use super::{drop_ins, place};
use crate::root::Root;
use crate::text::text;
use sockdoctor_checks::facts::{BootModule, DiagModule, Fact};

/// The diag modules that are loaded by name at boot, in file order.
pub(super) fn collect(root: &dyn Root) -> Fact<Vec<BootModule>> {
    let (files, gaps) = drop_ins::read(root, &drop_ins::directories(root, "modules-load.d"));
    let mut modules = Vec::new();
    for file in &files {
        for (number, line) in lines(&file.bytes) {
            modules.extend(diag_module(line).map(|module| BootModule {
                module: module.name().to_owned(),
                place: place(&file.path, number),
            }));
        }
    }
    Fact::with_gaps(modules, gaps)
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

    #[test]
    fn diag_modules_are_found_with_their_lines_and_others_are_not_listed() {
        let text = "# tcp_diag\n; udp_diag\nloop\r\n\n  tcp-diag \0";
        let root = root(&[("etc/modules-load.d/sock_diag.conf", text)]);
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

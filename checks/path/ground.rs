//! Where the report is read: a remedy that works on a host is wrong inside a container.

use crate::facts::{Facts, Sandbox};
use crate::finding::{Remedy, Step};

/// What stands between the reader and the kernel's modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ground {
    /// Nothing that is known.
    Host,
    /// A container: the modules, and the files that rule over them, are the host's.
    Container,
    /// gVisor.
    Gvisor,
    /// WSL 1, which has no Linux kernel.
    Wsl1,
    /// WSL 2, whose kernel comes from Windows.
    Wsl2,
}

impl Ground {
    /// Where these facts were observed.
    pub(super) fn of(facts: &Facts) -> Ground {
        match facts.machine.sandbox.value() {
            Some(Sandbox::Container { .. }) => Ground::Container,
            Some(Sandbox::Gvisor { .. }) => Ground::Gvisor,
            Some(Sandbox::Wsl { version: 1, .. }) => Ground::Wsl1,
            Some(Sandbox::Wsl { .. }) => Ground::Wsl2,
            Some(Sandbox::None) | None => Ground::Host,
        }
    }

    /// Whether /etc and /lib are those that the kernel's modprobe reads. It runs in the initial
    /// mount namespace, so the files of a container say nothing about it.
    pub(super) fn sees_module_files(self) -> bool {
        self != Ground::Container
    }

    /// The remedy as it must be read here.
    pub(super) fn fit(self, remedy: Remedy) -> Remedy {
        match self {
            Ground::Host => remedy,
            Ground::Container => Remedy {
                now: on_the_host(&remedy.now),
                keep: on_the_host(&remedy.keep),
            },
            Ground::Gvisor => Remedy::by_hand(
                "nothing in gVisor shows the backlog, and ss on the host does not see these sockets: ask the program itself, or run it outside gVisor",
            ),
            Ground::Wsl1 => {
                Remedy::by_hand("move to WSL 2, which runs a Linux kernel: WSL 1 has no sock_diag")
            }
            Ground::Wsl2 => Remedy::by_hand(
                "start WSL 2 with a kernel that has the diag handlers (kernel= under [wsl2] in .wslconfig)",
            ),
        }
    }
}

/// No command of the container does it, so each step is for a person.
fn on_the_host(steps: &[Step]) -> Vec<Step> {
    let elsewhere = |step: &Step| Step::Do(format!("on the host: {}", step.text()));
    steps.iter().map(elsewhere).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fact;
    use crate::fixture;

    fn fitted(sandbox: Sandbox) -> Remedy {
        let mut facts = fixture::healthy();
        facts.machine.sandbox = Fact::Known(sandbox);
        let keep = Step::Write("echo tcp_diag".to_owned());
        Ground::of(&facts).fit(Remedy::run("modprobe tcp_diag").keep(keep))
    }

    #[test]
    fn a_container_is_told_to_act_on_the_host() {
        let remedy = fitted(Sandbox::Container {
            runtime: "docker".to_owned(),
            evidence: "/.dockerenv".to_owned(),
        });
        assert_eq!(
            remedy.now,
            [Step::Do("on the host: modprobe tcp_diag".to_owned())]
        );
        assert_eq!(
            remedy.keep,
            [Step::Do("on the host: echo tcp_diag".to_owned())]
        );
    }

    #[test]
    fn nobody_runs_modprobe_where_there_is_no_linux_kernel_to_load_it() {
        let evidence = "the kernel log".to_owned();
        let places = [
            Sandbox::Gvisor {
                evidence: evidence.clone(),
            },
            Sandbox::Wsl {
                version: 1,
                evidence: evidence.clone(),
            },
            Sandbox::Wsl {
                version: 2,
                evidence,
            },
        ];
        for place in places {
            let remedy = fitted(place.clone());
            assert!(
                !format!("{remedy:?}").contains("modprobe"),
                "{place:?}: {remedy:?}"
            );
        }
    }
}

//! Which of the namespaces were asked for.

use super::Found;
use crate::probes::processes;
use sockdoctor_checks::facts::{Gap, Namespace, NetnsId, NetnsName};

/// Which namespaces to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// Every namespace that can be found.
    All,
    /// The observer's own.
    Own,
    /// The one with this name, as reports show it: in /run/netns, with or without that path, a
    /// container's id or the first twelve digits of it, the path of an nsfs mount, `nginx (812)`,
    /// `net:[INODE]`, or `host`, which is that of process 1 and no file of that name.
    Name(String),
    /// The one of this process.
    Pid(u32),
}

/// A namespace that was asked for by name or pid, and is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSuchNamespace(String);

impl std::fmt::Display for NoSuchNamespace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoSuchNamespace {}

/// How many digits of a container's id its run time shows.
const SHORT_ID: usize = 12;

/// Where the process of a [`Selector::Pid`] is.
pub(super) enum Whereabouts {
    In(u64),
    Unseen(Gap),
    NoProcess,
}

impl Selector {
    /// Whether it takes a look at every process to find what is meant.
    pub(super) fn needs_all_processes(&self) -> bool {
        matches!(self, Selector::All | Selector::Name(_))
    }

    /// Whether it means this namespace by what the namespace is called. Where a process is, only a
    /// look at the process tells.
    pub(crate) fn calls(&self, namespace: &Namespace) -> bool {
        match self {
            Selector::All => true,
            Selector::Own => namespace.own,
            Selector::Name(name) => {
                let Namespace {
                    id, names, host, ..
                } = namespace;
                is_called(*id, names, *host, name)
            }
            Selector::Pid(_) => false,
        }
    }

    /// Whether what it means could not be seen, by the gaps of the look for it.
    pub(crate) fn is_undecided(&self, gaps: &[Gap]) -> bool {
        let Selector::Pid(pid) = self else {
            return false;
        };
        let what = of_process(*pid);
        gaps.iter().any(|gap| gap.what == what)
    }
}

/// Those of `all` that any of the selectors means, and what kept some from being decided.
pub(super) fn select(
    all: Vec<Found>,
    selectors: &[Selector],
    mut process: impl FnMut(u32) -> Whereabouts,
) -> Result<(Vec<Found>, Vec<Gap>), NoSuchNamespace> {
    let mut chosen = vec![false; all.len()];
    let mut gaps = Vec::new();
    for selector in selectors {
        let meant = match selector {
            Selector::Pid(pid) => match process(*pid) {
                Whereabouts::In(inode) => mark(&all, &mut chosen, |found| found.id.inode == inode),
                Whereabouts::Unseen(gap) => {
                    gaps.push(gap);
                    continue;
                }
                Whereabouts::NoProcess => false,
            },
            Selector::All => mark(&all, &mut chosen, |_| true),
            Selector::Own => mark(&all, &mut chosen, |found| found.own),
            Selector::Name(name) => mark(&all, &mut chosen, |found| {
                is_called(found.id, &found.names, found.host, name)
            }),
        };
        if !meant {
            return Err(nothing_for(selector));
        }
    }
    let pairs = all.into_iter().zip(chosen);
    let selected = pairs.filter(|(_, chosen)| *chosen).map(|(found, _)| found);
    Ok((selected.collect(), gaps))
}

/// Marks those that are meant, and says whether there were any.
fn mark(all: &[Found], chosen: &mut [bool], is_meant: impl Fn(&Found) -> bool) -> bool {
    let mut any = false;
    for (found, chosen) in all.iter().zip(chosen) {
        let meant = is_meant(found);
        *chosen |= meant;
        any |= meant;
    }
    any
}

fn is_called(id: NetnsId, names: &[NetnsName], host: Option<bool>, wanted: &str) -> bool {
    if wanted == "host" {
        return host == Some(true);
    }
    wanted == format!("net:[{}]", id.inode)
        || names.iter().any(|name| match name {
            NetnsName::Netns(name) => {
                let path = wanted.strip_prefix("/run/netns/");
                path.unwrap_or(wanted) == name
            }
            NetnsName::Mount(name) => name == wanted,
            NetnsName::Container(id) => {
                id == wanted || (wanted.len() >= SHORT_ID && id.starts_with(wanted))
            }
            NetnsName::Process { pid, name } => wanted == format!("{name} ({pid})"),
        })
}

fn nothing_for(selector: &Selector) -> NoSuchNamespace {
    NoSuchNamespace(match selector {
        Selector::All | Selector::Own => "no network namespace can be seen here".to_owned(),
        // Debug escapes what a terminal would obey.
        Selector::Name(name) => format!("no network namespace called {name:?} can be seen here"),
        Selector::Pid(pid) => format!("there is no process {pid}"),
    })
}

/// The gap for a process that may not be looked at.
pub(super) fn denied(pid: u32) -> Gap {
    Gap::new(of_process(pid), processes::denied())
}

/// What a gap about one process calls it.
pub(super) fn of_process(pid: u32) -> String {
    format!("network namespace of process {pid}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(inode: u64, names: Vec<NetnsName>) -> Found {
        Found {
            id: NetnsId { device: 4, inode },
            names,
            own: inode == 1,
            host: Some(inode == 1),
            files: Vec::new(),
            process: None,
        }
    }

    fn five() -> Vec<Found> {
        let container = "ab".repeat(32);
        vec![
            found(1, Vec::new()),
            found(2, vec![NetnsName::Netns("web".to_owned())]),
            found(3, vec![NetnsName::Container(container)]),
            found(4, vec![NetnsName::Netns("host".to_owned())]),
            found(
                5,
                vec![NetnsName::Process {
                    pid: 812,
                    name: "nginx".to_owned(),
                }],
            ),
        ]
    }

    fn selected(selectors: &[Selector]) -> Result<Vec<u64>, String> {
        let whereabouts = |pid| match pid {
            10 => Whereabouts::In(3),
            11 => Whereabouts::Unseen(denied(11)),
            _ => Whereabouts::NoProcess,
        };
        let (found, _) = select(five(), selectors, whereabouts).map_err(|e| e.to_string())?;
        Ok(found.iter().map(|found| found.id.inode).collect())
    }

    fn name(text: &str) -> Selector {
        Selector::Name(text.to_owned())
    }

    #[test]
    fn several_selectors_unite() {
        assert_eq!(selected(&[Selector::Own, name("web")]), Ok(vec![1, 2]));
        assert_eq!(
            selected(&[Selector::All, Selector::Own]),
            Ok(vec![1, 2, 3, 4, 5])
        );
    }

    #[test]
    fn a_namespace_answers_to_each_of_its_names() {
        assert_eq!(selected(&[name("host")]), Ok(vec![1]));
        assert_eq!(selected(&[name("/run/netns/host")]), Ok(vec![4]));
        assert_eq!(selected(&[name("/run/netns/web")]), Ok(vec![2]));
        assert_eq!(selected(&[name("nginx (812)")]), Ok(vec![5]));
        assert_eq!(selected(&[name("net:[2]")]), Ok(vec![2]));
        assert_eq!(selected(&[name("abababababab")]), Ok(vec![3]));
        assert_eq!(selected(&[Selector::Pid(10)]), Ok(vec![3]));
    }

    #[test]
    fn too_few_digits_of_a_container_are_no_name() {
        assert!(selected(&[name("ababab")]).is_err());
    }

    #[test]
    fn a_name_that_is_not_there_is_one_clear_line() {
        let wrong = selected(&[Selector::All, name("\x1b[2J\n")]);
        let line = r#"no network namespace called "\u{1b}[2J\n" can be seen here"#;
        assert_eq!(wrong, Err(line.to_owned()));
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error_and_one_that_is_hidden_is_a_gap() {
        let wrong = selected(&[Selector::Pid(12)]);
        assert_eq!(wrong, Err("there is no process 12".to_owned()));
        assert_eq!(selected(&[Selector::Pid(11)]), Ok(Vec::new()));
    }
}

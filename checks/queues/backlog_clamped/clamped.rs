//! Listeners whose backlog bears the mark of somaxconn.

use crate::facts::{Namespace, TcpListener};
use crate::namespaces::listening::{NAMED, tcp_listeners};
use crate::queues::somaxconn::Yardstick;
use std::collections::BTreeMap;

/// Listeners of one namespace and case that are shown one by one; more are counted.
pub(crate) const FEW: usize = 3;

/// What a backlog says about somaxconn at the time of listen(), which is when it is fixed
/// (__sys_listen, net/socket.c).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Case {
    /// Above somaxconn: that was higher then.
    Above,
    /// Equal to a somaxconn that is low: it asked for that much or more.
    Cut {
        /// Why somaxconn is low.
        why: String,
    },
    /// Equal to the kernel's default, which somaxconn was then, or to what it asked for.
    AtDefault,
}

/// The listeners of one namespace that are in the same case, each with its backlog.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    pub(crate) namespace: &'a Namespace,
    pub(crate) somaxconn: u32,
    pub(crate) case: Case,
    pub(crate) listeners: Vec<(&'a TcpListener, u32)>,
}

impl Group<'_> {
    /// What it means, after `its backlog of 128 is` or `backlogs are`.
    pub(crate) fn meaning(&self) -> String {
        let somaxconn = self.somaxconn;
        match &self.case {
            Case::Above => format!(
                "above somaxconn, {somaxconn}: that was lowered later, \
                 and a restart will cut to it"
            ),
            Case::Cut { why } => {
                format!(
                    "all that somaxconn, {somaxconn}, allows here, which is {why}: it asked for \
                     this or for more"
                )
            }
            Case::AtDefault => format!(
                "the kernel's default, though somaxconn is {somaxconn}: either the program asks \
                 for just that, or it listened before somaxconn was raised"
            ),
        }
    }
}

/// The groups of all namespaces, in their order.
pub(crate) fn groups<'a>(namespaces: &'a [Namespace], than: &Yardstick) -> Vec<Group<'a>> {
    let of = |namespace| of_namespace(namespace, than);
    namespaces.iter().flat_map(of).collect()
}

/// The small groups, as far as all their listeners can be named, and the others.
pub(crate) fn spelled_out<'g, 'a>(
    groups: &'g [Group<'a>],
) -> (Vec<&'g Group<'a>>, Vec<&'g Group<'a>>) {
    let mut left = NAMED;
    groups.iter().partition(|group| {
        let fits = group.listeners.len() <= FEW.min(left);
        if fits {
            left -= group.listeners.len();
        }
        fits
    })
}

fn of_namespace<'a>(namespace: &'a Namespace, than: &Yardstick) -> Vec<Group<'a>> {
    let Some(&somaxconn) = namespace.sysctls.somaxconn.value() else {
        return Vec::new();
    };
    let mut cases: BTreeMap<Case, Vec<(&TcpListener, u32)>> = BTreeMap::new();
    for listener in tcp_listeners(namespace) {
        let Some(backlog) = listener.backlog else {
            continue;
        };
        if let Some(case) = case(backlog, somaxconn, than) {
            cases.entry(case).or_default().push((listener, backlog));
        }
    }
    let group = |(case, listeners)| Group {
        namespace,
        somaxconn,
        case,
        listeners,
    };
    cases.into_iter().map(group).collect()
}

fn case(backlog: u32, somaxconn: u32, than: &Yardstick) -> Option<Case> {
    match backlog {
        _ if backlog > somaxconn => Some(Case::Above),
        _ if backlog == somaxconn => than.why_low(somaxconn).map(|why| Case::Cut { why }),
        _ if than.default == Some(backlog) => Some(Case::AtDefault),
        _ => None,
    }
}

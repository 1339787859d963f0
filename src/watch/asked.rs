//! Which namespaces are watched: those that were asked for, whatever becomes of their names.

use crate::netns::Selector;
use sockdoctor_checks::facts::{Fact, NetnsId};
use sockdoctor_checks::watch::Timed;

/// What was asked for, and what that meant at first.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    selectors: Vec<Selector>,
    /// A namespace can outlive its name, and the process that it was asked for by. It is watched as
    /// long as it can be found.
    met: Vec<NetnsId>,
}

impl Asked {
    pub(super) fn new(selectors: &[Selector]) -> Self {
        Asked {
            selectors: selectors.to_vec(),
            met: Vec::new(),
        }
    }

    /// What to look for.
    pub(super) fn selectors(&self) -> Vec<Selector> {
        let met = self.met.iter().map(number);
        self.selectors.iter().cloned().chain(met).collect()
    }

    /// Takes in what the first look found. One that gets the same name later is watched as well;
    /// one that a later process with the same pid is in is not.
    pub(super) fn settle(&mut self, first: &Fact<Vec<Timed>>) {
        // Where nothing was found, nothing is decided.
        let found = first.value().filter(|found| !found.is_empty());
        let Some(found) = found.filter(|_| !self.selectors.contains(&Selector::All)) else {
            return;
        };
        let own_is_asked = self.selectors.contains(&Selector::Own);
        let found = found.iter().map(|timed| &timed.namespace);
        let found = found.filter(|namespace| !(namespace.own && own_is_asked));
        self.met = found.map(|namespace| namespace.id).collect();
        let lasts = |selector: &Selector| match selector {
            Selector::Pid(_) => selector.is_undecided(first.gaps()),
            Selector::All | Selector::Own | Selector::Name(_) => true,
        };
        self.selectors.retain(lasts);
    }
}

/// By its number, which it keeps.
fn number(id: &NetnsId) -> Selector {
    Selector::Name(format!("net:[{}]", id.inode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockdoctor_checks::facts::{Gap, Why};
    use sockdoctor_checks::fixture::namespace;
    use std::time::Duration;

    fn timed(inode: u64, name: &str) -> Timed {
        Timed {
            at: Duration::ZERO,
            namespace: namespace(inode, name, Vec::new()),
        }
    }

    fn name(text: &str) -> Selector {
        Selector::Name(text.to_owned())
    }

    fn settled(selectors: &[Selector], first: &Fact<Vec<Timed>>) -> Vec<Selector> {
        let mut asked = Asked::new(selectors);
        asked.settle(first);
        asked.selectors()
    }

    #[test]
    fn what_was_found_is_looked_for_by_its_number_and_a_process_no_more() {
        let found = Fact::Known(vec![timed(1, "host"), timed(2, "web"), timed(3, "db")]);
        let selectors = [Selector::Own, name("web"), Selector::Pid(812)];
        let numbers = [name("net:[2]"), name("net:[3]")];
        let lasting = [Selector::Own, name("web")];
        assert_eq!(
            settled(&selectors, &found),
            [&lasting[..], &numbers].concat()
        );
        let all = [Selector::All, name("web")];
        assert_eq!(settled(&all, &found), all);
    }

    #[test]
    fn what_could_not_be_decided_is_looked_for_as_it_was_asked_for() {
        let gap = Gap::new("network namespace of process 812", Why::Absent);
        let selectors = [Selector::Pid(811), Selector::Pid(812)];
        let partly = Fact::with_gaps(vec![timed(2, "web")], vec![gap.clone()]);
        assert_eq!(
            settled(&selectors, &partly),
            [Selector::Pid(812), name("net:[2]")]
        );
        assert_eq!(settled(&selectors, &Fact::Missing(gap)), selectors);
    }
}

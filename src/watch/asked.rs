//! Which namespaces are watched: those that were asked for, whatever becomes of their names.

use crate::netns::Selector;
use sockdoctor_checks::facts::{Fact, Namespace, NetnsId, NetnsName};
use sockdoctor_checks::watch::Timed;

/// What was asked for, and what that meant at first.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    selectors: Vec<Selector>,
    /// A namespace can outlive its name, and the process that it was asked for by. It is watched as
    /// long as it can be found.
    met: Vec<Met>,
}

/// A namespace that was asked for.
#[derive(Debug, Clone)]
struct Met {
    id: NetnsId,
    cookie: Option<u64>,
    names: Vec<NetnsName>,
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
        let met = self.met.iter().map(Met::number);
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
        let found = found.iter();
        let found = found.filter(|timed| !(timed.namespace.own && own_is_asked));
        self.met = found.map(Met::new).collect();
        let lasts = |selector: &Selector| match selector {
            Selector::Pid(_) => selector.is_undecided(first.gaps()),
            Selector::All | Selector::Own | Selector::Name(_) => true,
        };
        self.selectors.retain(lasts);
    }

    /// Leaves out the namespaces that have nothing in common with one that was asked for but the
    /// number, which the kernel gives to the next one as soon as the old one is gone.
    pub(super) fn leave_out_others(&mut self, again: &mut Fact<Vec<Timed>>) {
        let Some(found) = again.value_mut() else {
            return;
        };
        let met = std::mem::take(&mut self.met).into_iter();
        let is_gone = |met: &Met| found.iter().any(|timed| met.is_followed_by(timed));
        let (gone, there): (Vec<Met>, Vec<Met>) = met.partition(is_gone);
        self.met = there;
        let has_number = |timed: &Timed| gone.iter().any(|met| met.id == timed.namespace.id);
        found.retain(|timed| !has_number(timed) || self.calls(&timed.namespace));
    }

    fn calls(&self, namespace: &Namespace) -> bool {
        let mut selectors = self.selectors.iter();
        selectors.any(|selector| selector.calls(namespace))
    }
}

impl Met {
    fn new(timed: &Timed) -> Self {
        Met {
            id: timed.namespace.id,
            cookie: timed.cookie,
            names: timed.namespace.names.clone(),
        }
    }

    /// By its number, which it keeps.
    fn number(&self) -> Selector {
        Selector::Name(format!("net:[{}]", self.id.inode))
    }

    /// Whether another one has its number now. Without a cookie the names tell, if both have one
    /// that somebody gave them.
    fn is_followed_by(&self, timed: &Timed) -> bool {
        let Timed {
            cookie, namespace, ..
        } = timed;
        if self.id != namespace.id {
            return false;
        }
        match (self.cookie, *cookie) {
            (Some(one), Some(other)) => one != other,
            _ => has_only_others(&self.names, &namespace.names),
        }
    }
}

fn has_only_others(before: &[NetnsName], now: &[NetnsName]) -> bool {
    let is_given = |name: &&NetnsName| !matches!(name, NetnsName::Process { .. });
    let mut given = now.iter().filter(is_given).peekable();
    before.iter().any(|name| is_given(&name))
        && given.peek().is_some()
        && given.all(|name| !before.contains(name))
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
            cookie: None,
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

    fn with_cookie(cookie: u64, timed: Timed) -> Timed {
        let cookie = Some(cookie);
        Timed { cookie, ..timed }
    }

    /// What is still read, when `web` was asked for and there at first.
    fn left(first: Timed, again: Vec<Timed>) -> (Vec<String>, Asked) {
        let mut asked = Asked::new(&[name("web")]);
        asked.settle(&Fact::Known(vec![first]));
        let mut again = Fact::Known(again);
        asked.leave_out_others(&mut again);
        let labels = again.value().into_iter().flatten();
        let labels = labels.map(|timed| timed.namespace.label()).collect();
        (labels, asked)
    }

    #[test]
    fn another_one_with_the_same_number_was_not_asked_for() {
        let web = || with_cookie(7, timed(2, "web"));
        let (labels, asked) = left(web(), vec![with_cookie(8, timed(2, "other"))]);
        assert_eq!((labels, asked.selectors()), (Vec::new(), vec![name("web")]));
        let (labels, asked) = left(web(), vec![with_cookie(8, timed(2, "web"))]);
        assert_eq!(labels, ["web"], "it has the name");
        assert_eq!(asked.selectors(), [name("web")]);
    }

    #[test]
    fn one_that_was_asked_for_may_lose_its_name() {
        let web = || with_cookie(7, timed(2, "web"));
        let (labels, asked) = left(web(), vec![with_cookie(7, timed(2, "renamed"))]);
        assert_eq!(labels, ["renamed"]);
        assert_eq!(asked.selectors(), [name("web"), name("net:[2]")]);
        assert_eq!(left(web(), Vec::new()).1.selectors().len(), 2);
    }

    #[test]
    fn without_a_cookie_a_namespace_with_nothing_but_other_names_is_another_one() {
        let web = || timed(2, "web");
        assert_eq!(left(web(), vec![timed(2, "other")]).0, [""; 0]);
        let mut nameless = web();
        nameless.namespace.names = vec![NetnsName::Process {
            pid: 812,
            name: "nginx".to_owned(),
        }];
        assert_eq!(left(web(), vec![nameless]).0, ["nginx (812)"]);
    }
}

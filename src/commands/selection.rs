//! `--only` and `--skip`: from names to checks.

use super::Mistake;
use crate::cli;
use crate::text::nearest;
use sockdoctor_checks::CATALOGUE;
use sockdoctor_checks::check::{Check, Group, Judges};

/// The checks that were asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Selection {
    /// In catalogue order.
    ids: Vec<&'static str>,
}

impl Selection {
    /// Resolves ids and groups, for a machine.
    pub(super) fn of(options: &cli::Selection) -> Result<Self, Mistake> {
        Selection::among(options, "a machine that runs", |judges| {
            judges != Judges::Images
        })
    }

    /// Resolves ids and groups, for an image.
    pub(super) fn of_image(options: &cli::Selection) -> Result<Self, Mistake> {
        Selection::among(options, "an image", |judges| {
            !matches!(judges, Judges::Machines | Judges::Promises)
        })
    }

    /// A check that was asked for and that cannot judge what is there must not look like a pass.
    fn among(
        options: &cli::Selection,
        what: &str,
        can: impl Fn(Judges) -> bool,
    ) -> Result<Self, Mistake> {
        let able = || CATALOGUE.iter().filter(|check| can(check.judges));
        let mut ids: Vec<&'static str> = able().map(|check| check.id).collect();
        if !options.only.is_empty() {
            let asked = resolve(&options.only)?;
            ids.retain(|id| asked.contains(id));
            if ids.is_empty() {
                let asked = options.only.join(", ");
                return Err(Mistake(format!("{asked}: nothing of it can judge {what}")));
            }
        }
        let skipped = resolve(&options.skip)?;
        ids.retain(|id| !skipped.contains(id));
        if ids.is_empty() {
            let why = "--only and --skip leave no check to run".to_owned();
            return Err(Mistake(why));
        }
        Ok(Selection { ids })
    }

    /// The ids of them all.
    pub(super) fn ids(&self) -> &[&'static str] {
        &self.ids
    }

    /// Whether `check` was asked for.
    pub(super) fn has(&self, check: &Check) -> bool {
        self.ids.contains(&check.id)
    }
}

fn resolve(names: &[String]) -> Result<Vec<&'static str>, Mistake> {
    let mut ids = Vec::new();
    for name in names {
        let mut found = CATALOGUE
            .iter()
            .filter(|check| check.id == name || check.group.name() == name)
            .map(|check| check.id)
            .peekable();
        if found.peek().is_none() {
            return Err(unknown("check or group", name, all_names()));
        }
        ids.extend(found);
    }
    Ok(ids)
}

/// The check with this id.
pub(super) fn find(id: &str) -> Result<&'static Check, Mistake> {
    let ids = || CATALOGUE.iter().map(|check| check.id);
    sockdoctor_checks::find(id).ok_or_else(|| unknown("check", id, ids()))
}

fn all_names() -> impl Iterator<Item = &'static str> {
    let groups = Group::ALL.into_iter().map(Group::name);
    CATALOGUE.iter().map(|check| check.id).chain(groups)
}

fn unknown(kind: &str, name: &str, known: impl Iterator<Item = &'static str>) -> Mistake {
    let hint = match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`sockdoctor list` shows all".to_owned(),
    };
    Mistake(format!("there is no {kind} `{name}`; {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(only: &[&str], skip: &[&str]) -> Result<Vec<&'static str>, String> {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let options = cli::Selection {
            only: owned(only),
            skip: owned(skip),
        };
        match Selection::of(&options) {
            Ok(selection) => Ok(selection.ids.into_iter().collect()),
            Err(Mistake(line)) => Err(line),
        }
    }

    #[test]
    fn nothing_said_is_everything_that_can_judge() {
        let of_machines = CATALOGUE
            .iter()
            .filter(|check| check.judges != Judges::Images);
        assert_eq!(
            select(&[], &[]).map(|ids| ids.len()),
            Ok(of_machines.count())
        );
    }

    #[test]
    fn ids_and_groups_add_up_and_skip_takes_away() {
        let ids = select(&["tcp-diag", "syn"], &["syncookies", "max-syn-backlog"]);
        let expected = ["tcp-diag", "syn-queue", "abort-on-overflow"];
        assert_eq!(ids, Ok(expected.to_vec()));
    }

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let expected = "there is no check or group `tcpdiag`; did you mean `tcp-diag`?";
        assert_eq!(select(&["tcpdiag"], &[]), Err(expected.to_owned()));
    }

    #[test]
    fn nonsense_gets_no_suggestion() {
        let expected = "there is no check or group `42`; `sockdoctor list` shows all";
        assert_eq!(select(&[], &["42"]), Err(expected.to_owned()));
    }

    #[test]
    fn a_group_is_no_check_to_explain() {
        assert!(find("queues").is_err());
        assert!(find("somaxconn").is_ok());
    }

    #[test]
    fn a_selection_without_checks_is_a_mistake() {
        assert!(select(&["syn"], &["syn"]).is_err());
    }
}

//! Which rows are wanted.

use super::row::{Row, Stream};
use super::{Known, Member};
use crate::facts::Owner;
use crate::namespaces::listening::Fill;

/// What is wanted; the default is everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// These ports; none given: every port. Unix sockets have none.
    pub ports: Vec<u16>,
    /// The sockets of this process.
    pub process: Option<Process>,
    /// Only what is full, or may have dropped connection requests.
    pub full: bool,
}

/// A process, as the user names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Process {
    /// By its pid.
    Pid(u32),
    /// By its name, as /proc/PID/comm has it.
    Name(String),
}

impl std::fmt::Display for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Process::Pid(pid) => pid.fmt(f),
            Process::Name(name) => f.write_str(name),
        }
    }
}

/// Whether a row is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// It is not.
    No,
    /// What would decide it is not known.
    Unsure,
    /// It is.
    Yes,
}

impl From<bool> for Wanted {
    fn from(wanted: bool) -> Self {
        if wanted { Wanted::Yes } else { Wanted::No }
    }
}

impl Filter {
    /// By port and process.
    pub fn wants(&self, row: &Row<'_>) -> Wanted {
        let port = row.address.port();
        let by_port = self.ports.is_empty() || port.is_some_and(|it| self.ports.contains(&it));
        let owners = row.members.iter().map(|member| &member.owner);
        Wanted::from(by_port).min(self.by_process(owners))
    }

    /// By process.
    pub fn wants_stream(&self, stream: &Stream<'_>) -> Wanted {
        self.by_process(std::iter::once(&stream.owner))
    }

    /// By what went on in its queue, where only that is wanted.
    pub fn wants_state(&self, row: &Row<'_>) -> Wanted {
        if !self.full {
            return Wanted::Yes;
        }
        let each = row.members.iter().map(|one| is_in_trouble(row, one));
        each.max().unwrap_or(Wanted::No)
    }

    fn by_process<'a>(&self, owners: impl Iterator<Item = &'a Known<Option<&'a Owner>>>) -> Wanted {
        let Some(process) = &self.process else {
            return Wanted::Yes;
        };
        let is_owned = |owner: &Known<Option<&Owner>>| match (owner, process) {
            (Err(_), _) => Wanted::Unsure,
            (Ok(None), _) => Wanted::No,
            (Ok(Some(owner)), Process::Pid(pid)) => (owner.pid == *pid).into(),
            (Ok(Some(owner)), Process::Name(name)) => (owner.name == *name).into(),
        };
        owners.map(is_owned).max().unwrap_or(Wanted::No)
    }
}

fn is_in_trouble(row: &Row<'_>, member: &Member<'_>) -> Wanted {
    let full = match member.fill() {
        Fill::Full => Wanted::Yes,
        Fill::Unknown => Wanted::Unsure,
        Fill::Nearly | Fill::Room => Wanted::No,
    };
    let dropped = row.may_have_dropped(member);
    full.max(dropped.map_or(Wanted::Unsure, Wanted::from))
}

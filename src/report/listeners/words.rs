//! The sentences around the table.

use super::Listing;
use crate::report::NOBODY;
use sockdoctor_checks::facts::{Owner, SocketSource};
use sockdoctor_checks::finding::Status;
use sockdoctor_checks::label::short_container;
use sockdoctor_checks::list::{counted, list, some};
use sockdoctor_checks::listeners::{Attribution, Counts, Kind, Known, Process, Reason, Request};
use sockdoctor_checks::verdict::Shown;
use std::fmt::{Display, Formatter};

/// Namespaces that one line names.
const NAMED: usize = 3;

/// What matters most.
pub(super) fn headline(listing: &Listing<'_>) -> String {
    let table = listing.table;
    let noun = noun(listing.request.kind);
    if table.read == 0 {
        return format!("No {noun} could be read.");
    }
    if table.counts.listeners == 0 {
        return format!("No {noun} was found{}.", looked_for(listing));
    }
    let state = state(&table.counts, table.unread(), noun);
    match table.ss.status {
        Status::Fail | Status::Unknown => format!("{state} {}", table.ss.summary),
        _ => state,
    }
}

fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Tcp => "TCP listener",
        Kind::Unix => "unix listener",
    }
}

fn state(counts: &Counts, unread: usize, noun: &str) -> String {
    let all = counts.listeners;
    let mut parts = vec![match (counts.full, counts.unknown) {
        (0, unknown) if unknown == all => format!("Whether {} full is not known", are(all, noun)),
        (0, _) if all == 1 => format!("1 {noun}, and it is not full"),
        (1, _) if all == 1 => format!("1 {noun}, and it is full"),
        (0, _) => format!("None of {} is full", counted(all, noun)),
        (1, _) => format!("1 of {} is full", counted(all, noun)),
        (full, _) => format!("{full} of {} are full", counted(all, noun)),
    }];
    let tell = |number: usize, one: &str, many: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        number => Some(format!("{number} {many}")),
    };
    let (dropping, unknown) = (counts.dropping, counts.unknown);
    parts.extend(tell(
        counts.nearly_full,
        "is nearly full",
        "are nearly full",
    ));
    parts.extend(
        (1..all)
            .contains(&unknown)
            .then(|| format!("of {unknown} it is not known")),
    );
    parts.extend(tell(
        dropping,
        "may have dropped connection requests",
        "may have dropped connection requests",
    ));
    parts.extend(tell(
        unread,
        "network namespace could not be read",
        "network namespaces could not be read",
    ));
    format!("{}.", parts.join("; "))
}

fn are(all: usize, noun: &str) -> String {
    let verb = if all == 1 { "is" } else { "are" };
    format!("{} {verb}", counted(all, noun))
}

/// What an empty table was to hold.
fn looked_for(listing: &Listing<'_>) -> String {
    let filter = &listing.request.filter;
    let ports: Vec<String> = filter.ports.iter().map(u16::to_string).collect();
    let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
    let port = match ports.as_slice() {
        [] => None,
        [port] => Some(format!("at port {port}")),
        ports => Some(format!("at ports {}", list(ports))),
    };
    let process = filter.process.as_ref().map(|process| match process {
        Process::Pid(pid) => format!("of process {pid}"),
        Process::Name(name) => format!("of a process called {name}"),
    });
    let read = format!("in {}", counted(listing.table.read, "network namespace"));
    let namespaces = match listing.table.unread() {
        0 => read,
        1 => format!("{read}; 1 other could not be read"),
        many => format!("{read}; {many} others could not be read"),
    };
    let parts: Vec<String> = [port, process, Some(namespaces)]
        .into_iter()
        .flatten()
        .collect();
    format!(" {}", parts.join(" "))
}

/// Why there are no lines, where `--full` left none of several.
pub(super) fn nothing_shown(request: &Request) -> Option<&'static str> {
    request
        .filter
        .full
        .then_some("Nothing is shown: none is known to be full or to have dropped.")
}

/// Rows that may or may not have been asked for.
pub(super) fn undecided(number: usize) -> Option<String> {
    match number {
        0 => None,
        1 => Some("1 socket is left out: whether it was asked for could not be told.".to_owned()),
        many => Some(format!(
            "{many} sockets are left out: whether they were asked for could not be told."
        )),
    }
}

/// What ss shows of the same sockets, where the first line does not say it.
pub(super) fn ss(listing: &Listing<'_>) -> Option<&'static str> {
    (listing.table.ss.shown == Shown::Truth).then_some("ss shows the same queues")
}

/// Where the numbers of a socket come from.
pub(super) fn source(source: SocketSource) -> String {
    match source {
        SocketSource::SockDiag => "numbers from sock_diag",
        SocketSource::Descriptor => "numbers from the sockets themselves",
        SocketSource::BpfIterator => "numbers from BPF iterators",
        SocketSource::ProcNet => "numbers from /proc/net",
    }
    .to_owned()
}

/// A setting of the namespace of a row.
pub(super) fn somaxconn(somaxconn: &Known<u32>) -> String {
    match somaxconn {
        Ok(somaxconn) => format!("somaxconn {somaxconn}"),
        Err(_) => "somaxconn ?".to_owned(),
    }
}

/// Who holds the sockets of a group.
pub(super) fn group(members: usize) -> String {
    format!("{members} by SO_REUSEPORT")
}

/// Who holds a socket, where no head says that this is the process.
pub(super) fn process(process: &Known<Option<&Owner>>) -> String {
    match process {
        Ok(Some(process)) => owner(process).to_string(),
        Ok(None) => format!("process {NOBODY}"),
        Err(_) => "process ?".to_owned(),
    }
}

/// How that can be. svc_create_socket (net/sunrpc/svcsock.c), io_sqe_files_register
/// (io_uring/rsrc.c) and scm_fp_copy (net/core/scm.c) each hold a socket without a descriptor;
/// threads have a table of their own after unshare(CLONE_FILES), which is not looked at.
pub(super) const WHY_NOBODY: &str = "no process has a descriptor of it: it was closed meanwhile, or \
     the kernel holds it itself, as for nfsd or io_uring, or while it is passed from one process \
     to another; or a thread has descriptors of its own";

/// `nginx (812) in 4f1c6e0b7d2a`.
pub(super) fn owner(owner: &Owner) -> impl Display {
    struct Named<'a>(&'a Owner);
    impl Display for Named<'_> {
        fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
            write!(f, "{} ({})", self.0.name, self.0.pid)?;
            match &self.0.container {
                Some(container) => write!(f, " in {}", short_container(container)),
                None => Ok(()),
            }
        }
    }
    Named(owner)
}

/// A reason, and in which namespaces it holds, where it does not in all.
pub(super) fn reason(reason: &Reason, namespaces: usize) -> String {
    let Reason {
        gap,
        namespaces: labels,
    } = reason;
    if labels.is_empty() || labels.len() == namespaces {
        return gap.to_string();
    }
    format!("{gap} (in {})", some(labels, NAMED, "namespaces"))
}

/// Who can have dropped in a namespace, and how much of it that explains.
pub(super) fn attribution(one: &Attribution) -> String {
    let share = match &one.share {
        Ok(share) => share.to_string(),
        Err(_) => format!(
            "{} packets were discarded at the listeners here; ListenDrops is not known",
            one.explained
        ),
    };
    let counters: Vec<String> = [
        ("ListenDrops", &one.listen_drops),
        ("ListenOverflows", &one.listen_overflows),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref().ok()?)))
    .collect();
    let worst: Vec<String> = one
        .worst
        .iter()
        .map(|(who, drops)| by(one, who, *drops))
        .collect();
    let parts = [counters.join(", "), worst.join(", "), share];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}: {}", one.label, parts.join("; "))
}

fn by(one: &Attribution, who: &str, discarded: u64) -> String {
    let drops = one
        .listen_drops
        .as_ref()
        .map_or(discarded, |all| discarded.min(*all));
    match one.percent(drops) {
        Some(percent) => format!("up to {drops} ({percent}%) at {who}"),
        None => format!("up to {drops} at {who}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sockdoctor_checks::facts::NetnsId;
    use sockdoctor_checks::listeners::Share;

    /// Bare ACKs behind TCP_DEFER_ACCEPT are discarded as well.
    #[test]
    fn no_listener_drops_more_than_its_namespace() {
        let share = Share {
            explained: 141,
            listen_drops: 132,
            incomplete: false,
        };
        let text = attribution(&Attribution {
            id: NetnsId {
                device: 4,
                inode: 1,
            },
            label: "web".to_owned(),
            listen_overflows: Ok(132),
            listen_drops: Ok(132),
            explained: 141,
            share: Ok(share),
            worst: vec![("0.0.0.0:80".to_owned(), 141)],
        });
        assert!(text.contains("; up to 132 at 0.0.0.0:80; "), "{text}");
    }
}

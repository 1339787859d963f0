//! What a check has to say.

use crate::facts::{Errno, Place};
use crate::policy::Ruling;

/// The outcome of a check or a finding, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It was looked at, and it is well.
    Pass,
    /// It does not apply here, or was not asked for.
    Skipped,
    /// It would be worse, but somebody has accepted it.
    Waived,
    /// It could not be decided.
    Unknown,
    /// It deserves attention.
    Warn,
    /// It is broken.
    Fail,
}

/// One thing that a check says about one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub status: Status,
    /// What it is about.
    pub subject: Subject,
    /// One sentence, without a full stop at its end, that can stand alone.
    pub summary: String,
    /// What it rests on. Never empty for a warning or a failure.
    pub evidence: Vec<Evidence>,
    /// What to do about it.
    pub remedy: Option<Remedy>,
    /// What the policy made of it, where it did.
    pub ruling: Option<Ruling>,
    /// Its evidence is of this one namespace alone, so that it is not put together with others that
    /// say the same.
    pub alone: bool,
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The machine and its kernel, or an image as a whole.
    Host,
    /// An image, seen with these of its kernels; more than one where they are alike.
    Kernels(Vec<String>),
    /// These network namespaces, by label; more than one where they look alike.
    Namespaces(Vec<String>),
    /// A listener: its address, and the label of its namespace.
    Listener {
        /// `0.0.0.0:80` or `/run/x.sock`.
        address: String,
        /// Label of its namespace.
        namespace: String,
        /// `nginx (812)`, when its process is known.
        owner: Option<String>,
    },
}

/// Something observed, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Where it was observed.
    pub source: Source,
    /// What was observed there.
    pub says: String,
}

/// Where something was observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file, and the line where that matters.
    File(Place),
    /// A sysctl, in a namespace where it has one.
    Sysctl {
        /// With dots: `net.core.somaxconn`.
        name: String,
        /// Label of the namespace.
        namespace: Option<String>,
    },
    /// A system call or a netlink request, and the error it gave.
    Call {
        /// `dump LISTEN, AF_INET, IPPROTO_TCP`.
        call: String,
        /// Its error.
        errno: Option<Errno>,
    },
    /// A counter.
    Counter {
        /// `TcpExt.ListenOverflows`.
        name: String,
        /// Label of the namespace.
        namespace: String,
        /// The interval over which it grew, in milliseconds. `None`: since the namespace exists.
        interval_ms: Option<u64>,
    },
    /// A command and what it printed.
    Command(String),
    /// An environment variable.
    Environment(String),
    /// A reading that failed.
    Gap,
}

/// What to do about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Remedy {
    /// What mends it now.
    pub now: Vec<Step>,
    /// What keeps it so after a reboot.
    pub keep: Vec<Step>,
}

/// One step of a remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A command for what runs: the kernel, a namespace, a shell. Whole and fit to be pasted.
    Run(String),
    /// The same, but it changes files and nothing else, so that it is right for an image too.
    Write(String),
    /// What a person has to do or to decide, in words.
    Do(String),
}

impl Step {
    /// The command or the words.
    pub fn text(&self) -> &str {
        let (Step::Run(text) | Step::Write(text) | Step::Do(text)) = self;
        text
    }
}

impl Finding {
    /// A finding about the machine.
    pub fn host(status: Status, summary: impl Into<String>) -> Self {
        Finding::about(Subject::Host, status, summary)
    }

    /// A finding about any subject.
    pub fn about(subject: Subject, status: Status, summary: impl Into<String>) -> Self {
        Finding {
            status,
            subject,
            summary: summary.into(),
            evidence: Vec::new(),
            remedy: None,
            ruling: None,
            alone: false,
        }
    }

    /// Its status without regard to waivers.
    pub fn unwaived(&self) -> Status {
        match self.ruling {
            Some(Ruling::Waived { was, .. }) => was,
            Some(Ruling::Fatal) | None => self.status,
        }
    }

    /// An undecided finding, with the gap as its evidence.
    pub fn unknown(subject: Subject, summary: impl Into<String>, gap: &crate::facts::Gap) -> Self {
        Finding::about(subject, Status::Unknown, summary).evidence(Evidence::gap(gap))
    }

    /// Adds evidence.
    #[must_use]
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// Adds several pieces of evidence.
    #[must_use]
    pub fn evidences(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// Sets the remedy.
    #[must_use]
    pub fn remedy(mut self, remedy: Remedy) -> Self {
        self.remedy = Some(remedy);
        self
    }
}

impl Evidence {
    /// Seen in a file.
    pub fn file(path: impl Into<String>, line: Option<u32>, says: impl Into<String>) -> Self {
        Evidence::at(
            Place {
                path: path.into(),
                line,
            },
            says,
        )
    }

    /// Seen at a place in a file.
    pub fn at(place: Place, says: impl Into<String>) -> Self {
        Evidence {
            source: Source::File(place),
            says: says.into(),
        }
    }

    /// A sysctl of one namespace.
    pub fn sysctl(name: &str, namespace: Option<&str>, value: impl std::fmt::Display) -> Self {
        Evidence {
            source: Source::Sysctl {
                name: name.to_owned(),
                namespace: namespace.map(str::to_owned),
            },
            says: value.to_string(),
        }
    }

    /// A call, and the error it gave.
    pub fn call(call: impl Into<String>, errno: Option<Errno>, says: impl Into<String>) -> Self {
        Evidence {
            source: Source::Call {
                call: call.into(),
                errno,
            },
            says: says.into(),
        }
    }

    /// A TcpExt counter: its total, or its growth over an interval.
    pub fn counter(name: &str, namespace: &str, interval_ms: Option<u64>, value: u64) -> Self {
        Evidence {
            source: Source::Counter {
                name: format!("TcpExt.{name}"),
                namespace: namespace.to_owned(),
                interval_ms,
            },
            says: value.to_string(),
        }
    }

    /// A command and what it printed.
    pub fn command(command: impl Into<String>, says: impl Into<String>) -> Self {
        Evidence {
            source: Source::Command(command.into()),
            says: says.into(),
        }
    }

    /// A reading that failed.
    pub fn gap(gap: &crate::facts::Gap) -> Self {
        Evidence {
            source: Source::Gap,
            says: gap.to_string(),
        }
    }
}

impl Remedy {
    /// A command for now.
    pub fn run(command: impl Into<String>) -> Self {
        Remedy::default().then_run(command)
    }

    /// A command for now that changes files alone.
    pub fn write(command: impl Into<String>) -> Self {
        Remedy {
            now: vec![Step::Write(command.into())],
            ..Remedy::default()
        }
    }

    /// Something to be done by hand now.
    pub fn by_hand(what: impl Into<String>) -> Self {
        Remedy::default().then_do(what)
    }

    /// Another command for now.
    #[must_use]
    pub fn then_run(mut self, command: impl Into<String>) -> Self {
        self.now.push(Step::Run(command.into()));
        self
    }

    /// Something more to be done by hand now.
    #[must_use]
    pub fn then_do(mut self, what: impl Into<String>) -> Self {
        self.now.push(Step::Do(what.into()));
        self
    }

    /// A step that keeps it so after a reboot.
    #[must_use]
    pub fn keep(mut self, step: Step) -> Self {
        self.keep.push(step);
        self
    }

    /// Something to be done by hand that keeps it so after a reboot.
    #[must_use]
    pub fn keep_do(self, what: impl Into<String>) -> Self {
        self.keep(Step::Do(what.into()))
    }
}

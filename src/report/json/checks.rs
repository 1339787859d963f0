//! Checks, their findings, and what those rest on.

use super::policy::Ruling;
use schemars::JsonSchema;
use serde::Serialize;
use sockdoctor_checks::diagnosis::CheckResult;
use sockdoctor_checks::finding::{self, Source};

/// A check and what came of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Check<'a> {
    /// Kebab-case, for ever the same.
    id: &'static str,
    /// A few words.
    title: &'static str,
    /// `path`, `queues`, `syn` or `policy`.
    group: &'static str,
    /// `host` or `netns`.
    scope: &'static str,
    /// The worst of its findings.
    status: Status,
    /// The failed check that explains this one.
    masked_by: Option<&'static str>,
    /// Worst first, never empty.
    findings: Vec<Finding<'a>>,
}

/// The outcome of a check or a finding.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::report) enum Status {
    /// Looked at, and well.
    Pass,
    /// Does not apply, or was not asked for.
    Skipped,
    /// Would be worse, but somebody has accepted it.
    Waived,
    /// Could not be decided.
    Unknown,
    /// Deserves attention.
    Warn,
    /// Broken.
    Fail,
}

/// One thing that a check says about one subject.
#[derive(Debug, Serialize, JsonSchema)]
struct Finding<'a> {
    /// How bad it is.
    status: Status,
    /// What it is about.
    subject: Subject<'a>,
    /// One sentence.
    summary: &'a str,
    /// What it rests on.
    evidence: Vec<Evidence<'a>>,
    /// What to do about it.
    remedy: Option<Remedy<'a>>,
    /// What the policy made of it. null: nothing.
    ruling: Option<Ruling<'a>>,
}

/// What a finding is about.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
enum Subject<'a> {
    /// The machine and its kernel, or an image as a whole.
    Host,
    /// An image, seen with these of its kernels, which are alike.
    Kernels {
        /// As `uname -r` prints them.
        releases: &'a [String],
    },
    /// These network namespaces, which look alike.
    Namespaces {
        /// As in the list of namespaces.
        labels: &'a [String],
    },
    /// A listening socket.
    Listener {
        /// `0.0.0.0:80` or a path.
        address: &'a str,
        /// Label of its namespace.
        namespace: &'a str,
        /// Name and pid of its process.
        owner: Option<&'a str>,
    },
}

/// Something observed, and where.
#[derive(Debug, Serialize, JsonSchema)]
struct Evidence<'a> {
    /// Where.
    #[serde(flatten)]
    source: EvidenceSource<'a>,
    /// What.
    says: &'a str,
}

/// Where something was observed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "source")]
enum EvidenceSource<'a> {
    /// A file.
    File {
        /// Its path.
        path: &'a str,
        /// The line, from 1.
        line: Option<u32>,
    },
    /// A sysctl.
    Sysctl {
        /// Its name, with dots.
        name: &'a str,
        /// Label of the namespace, where it has one.
        namespace: Option<&'a str>,
    },
    /// A system call or a netlink request.
    Call {
        /// Which.
        call: &'a str,
        /// The name of its error.
        errno: Option<String>,
    },
    /// A counter.
    Counter {
        /// Which.
        name: &'a str,
        /// Label of the namespace.
        namespace: &'a str,
        /// The time over which it grew, in milliseconds. null: since the namespace exists.
        interval_ms: Option<u64>,
    },
    /// A command.
    Command {
        /// As one would type it.
        command: &'a str,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        variable: &'a str,
    },
    /// A reading that failed.
    Gap,
}

/// What to do about a finding.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Remedy<'a> {
    /// What mends it now.
    now: Vec<RemedyStep<'a>>,
    /// What keeps it so after a reboot.
    keep: Vec<RemedyStep<'a>>,
}

/// One step of a remedy.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum RemedyStep<'a> {
    /// A command, whole and fit to be run by a shell.
    Run(&'a str),
    /// What a person has to do or to decide.
    Do(&'a str),
}

impl<'a> Check<'a> {
    pub(super) fn of(result: &'a CheckResult) -> Self {
        Check {
            id: result.check.id,
            title: result.check.title,
            group: result.check.group.name(),
            scope: result.check.scope.name(),
            status: result.status.into(),
            masked_by: result.masked_by,
            findings: result.findings.iter().map(Finding::of).collect(),
        }
    }
}

impl From<finding::Status> for Status {
    fn from(status: finding::Status) -> Self {
        match status {
            finding::Status::Pass => Status::Pass,
            finding::Status::Skipped => Status::Skipped,
            finding::Status::Waived => Status::Waived,
            finding::Status::Unknown => Status::Unknown,
            finding::Status::Warn => Status::Warn,
            finding::Status::Fail => Status::Fail,
        }
    }
}

impl<'a> Finding<'a> {
    fn of(finding: &'a finding::Finding) -> Self {
        Finding {
            status: finding.status.into(),
            subject: Subject::of(&finding.subject),
            summary: &finding.summary,
            evidence: finding.evidence.iter().map(Evidence::of).collect(),
            remedy: finding.remedy.as_ref().map(Remedy::of),
            ruling: finding.ruling.as_ref().map(Ruling::of),
        }
    }
}

impl<'a> Subject<'a> {
    fn of(subject: &'a finding::Subject) -> Self {
        match subject {
            finding::Subject::Host => Subject::Host,
            finding::Subject::Kernels(releases) => Subject::Kernels { releases },
            finding::Subject::Namespaces(labels) => Subject::Namespaces { labels },
            finding::Subject::Listener {
                address,
                namespace,
                owner,
            } => Subject::Listener {
                address,
                namespace,
                owner: owner.as_deref(),
            },
        }
    }
}

impl<'a> Evidence<'a> {
    fn of(evidence: &'a finding::Evidence) -> Self {
        Evidence {
            source: EvidenceSource::of(&evidence.source),
            says: &evidence.says,
        }
    }
}

impl<'a> EvidenceSource<'a> {
    fn of(source: &'a Source) -> Self {
        match source {
            Source::File(place) => EvidenceSource::File {
                path: &place.path,
                line: place.line,
            },
            Source::Sysctl { name, namespace } => EvidenceSource::Sysctl {
                name,
                namespace: namespace.as_deref(),
            },
            Source::Call { call, errno } => EvidenceSource::Call {
                call,
                errno: errno.map(|errno| errno.to_string()),
            },
            Source::Counter {
                name,
                namespace,
                interval_ms,
            } => EvidenceSource::Counter {
                name,
                namespace,
                interval_ms: *interval_ms,
            },
            Source::Command(command) => EvidenceSource::Command { command },
            Source::Environment(variable) => EvidenceSource::Environment { variable },
            Source::Gap => EvidenceSource::Gap,
        }
    }
}

impl<'a> Remedy<'a> {
    pub(super) fn of(remedy: &'a finding::Remedy) -> Self {
        Remedy {
            now: remedy.now.iter().map(RemedyStep::of).collect(),
            keep: remedy.keep.iter().map(RemedyStep::of).collect(),
        }
    }
}

impl<'a> RemedyStep<'a> {
    fn of(step: &'a finding::Step) -> Self {
        match step {
            finding::Step::Run(command) | finding::Step::Write(command) => RemedyStep::Run(command),
            finding::Step::Do(what) => RemedyStep::Do(what),
        }
    }
}

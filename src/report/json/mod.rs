//! The JSON report. Its types are its own, so that the program can change inside without a
//! change to what others read. Strings are as the machine gave them: nothing is escaped but
//! what JSON asks for.

mod checks;
mod environment;
mod namespaces;
mod policy;
mod promises;
mod verdict;

pub(super) use checks::Status;
pub(super) use environment::{Environment, Gap, observed_at};

use super::Report;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use sockdoctor_checks::diagnosis;
use sockdoctor_checks::facts::SocketSource;

/// Raised when a reader of the last version would misread this one. New keys do not raise it.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// What `sockdoctor --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "sockdoctor report")]
struct Document<'a> {
    /// Raised when a reader of the last version would misread this one.
    schema_version: u32,
    /// The program that judged.
    tool: Tool,
    /// Where, when and as whom was looked.
    environment: Environment<'a>,
    /// What the operator asks for and accepts. null: no policy was applied.
    policy: Option<policy::Policy<'a>>,
    /// Whether ss can be believed.
    verdict: verdict::Verdict<'a>,
    /// What an image promises of the machine that boots it. null: this is no image.
    promises: Option<promises::Promises>,
    /// The network namespaces that were looked at.
    namespaces: Vec<namespaces::Namespace<'a>>,
    /// One entry for each check that was asked for, in catalogue order.
    checks: Vec<checks::Check<'a>>,
    /// How many checks came out how.
    counts: Counts,
    /// The exit code of the process.
    exit_code: u8,
}

/// The program that judged.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Tool {
    /// sockdoctor
    name: &'static str,
    /// Its version.
    version: &'static str,
}

/// How many checks came out how.
#[derive(Debug, Serialize, JsonSchema)]
struct Counts {
    /// Looked at, and well.
    pass: usize,
    /// Deserve attention.
    warn: usize,
    /// Broken.
    fail: usize,
    /// Could not be decided.
    unknown: usize,
    /// Do not apply.
    skipped: usize,
    /// Would be worse, but somebody has accepted it.
    waived: usize,
}

/// The report as one JSON document.
pub(crate) fn render(report: &Report<'_>) -> String {
    pretty(&document(report))
}

/// The JSON Schema of what [`render`] gives.
pub(crate) fn schema() -> String {
    schema_of::<Document<'static>>()
}

/// The JSON Schema of a document.
pub(super) fn schema_of<T: JsonSchema>() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    pretty(&settings.into_generator().into_root_schema_for::<T>())
}

fn document<'a>(report: &'a Report<'_>) -> Document<'a> {
    let is_machine = report.facts.origin.is_machine();
    let namespaces = report.facts.namespaces.value().filter(|_| is_machine);
    Document {
        schema_version: SCHEMA_VERSION,
        tool: Tool::THIS,
        environment: Environment::of(report.facts),
        policy: policy::Policy::of(report),
        verdict: verdict::Verdict::of(&report.diagnosis.verdict),
        promises: report.promises().map(promises::Promises::from),
        namespaces: namespaces
            .into_iter()
            .flatten()
            .map(namespaces::Namespace::of)
            .collect(),
        checks: report
            .diagnosis
            .results
            .iter()
            .map(checks::Check::of)
            .collect(),
        counts: Counts::of(report.diagnosis.counts()),
        exit_code: report.exit.code(),
    }
}

impl Tool {
    /// This program.
    pub(super) const THIS: Tool = Tool {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
    };
}

impl Counts {
    fn of(counts: diagnosis::Counts) -> Self {
        let diagnosis::Counts {
            pass,
            warn,
            fail,
            unknown,
            skipped,
            waived,
        } = counts;
        Counts {
            pass,
            warn,
            fail,
            unknown,
            skipped,
            waived,
        }
    }
}

/// Where a socket was read.
pub(super) fn source(source: SocketSource) -> &'static str {
    match source {
        SocketSource::SockDiag => "sock-diag",
        SocketSource::Descriptor => "descriptor",
        SocketSource::BpfIterator => "bpf-iterator",
        SocketSource::ProcNet => "proc-net",
    }
}

/// `value` as one line.
pub(super) fn line(value: &impl Serialize) -> String {
    // Maps with string keys, sequences, strings and numbers: none of them can fail.
    let mut text = serde_json::to_string(value).expect("the line is plain data");
    text.push('\n');
    text
}

/// `value` as it goes to stdout: indented, with a newline at its end.
pub(super) fn pretty(value: &impl Serialize) -> String {
    // Maps with string keys, sequences, strings and whole numbers: none of them can fail.
    let mut text = serde_json::to_string_pretty(value).expect("the document is plain data");
    text.push('\n');
    text
}

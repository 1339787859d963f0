//! The verdict: the way that ss walks, and where it breaks.
//!
//! Each step asks the same functions as its check does, so that the two cannot disagree.

mod of_image;
mod step;
mod table;
#[cfg(test)]
mod tests;
mod truth;

use crate::facts::Facts;
use crate::finding::{Remedy, Status};
use crate::verdict::{Shown, Step, StepStatus, Verdict, Walk};
use table::Table;

/// The verdict for TCP and unix sockets.
pub fn verdict(facts: &Facts) -> Verdict {
    Verdict {
        tcp: walk(facts, &table::TCP),
        unix: walk(facts, &table::UNIX),
    }
}

/// How one step went.
enum Outcome {
    Ok(String),
    /// It holds now; the fault is what may come.
    Warn(String, Fault),
    Fail(String, Fault),
    Unknown(String, Doubt),
    /// Nothing hangs on it.
    Aside(StepStatus, String),
}

/// Where the walk breaks.
struct Fault {
    /// The check that says more.
    cause: &'static str,
    /// A clause.
    because: String,
    remedy: Option<Remedy>,
    ends_in: End,
}

/// What ss does after a fault.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// It reads the file of /proc.
    ProcNet,
    /// It stops: before 4.10 it took a refusal for an empty list.
    Nothing,
    /// It reads a file that the environment names.
    OtherFile,
    /// It goes to the end, and what it shows there is not true.
    Untruth,
}

/// What keeps the walk from being judged.
struct Doubt {
    /// A clause.
    what: String,
    /// What would lift it.
    lift: Option<String>,
}

/// A walk under way.
#[derive(Default)]
struct Way {
    steps: Vec<Step>,
    fault: Option<Fault>,
    caution: Option<Fault>,
    doubt: Option<Doubt>,
}

impl Way {
    fn step(&mut self, name: &'static str, outcome: impl FnOnce() -> Outcome) {
        if self.fault.is_some() {
            return self.push(name, StepStatus::Skipped, "ss does not get here".to_owned());
        }
        match outcome() {
            Outcome::Ok(detail) => self.push(name, StepStatus::Ok, detail),
            Outcome::Aside(status, detail) => self.push(name, status, detail),
            Outcome::Warn(detail, fault) => {
                self.push(name, StepStatus::Warn, detail);
                self.caution.get_or_insert(fault);
            }
            Outcome::Fail(detail, fault) => {
                self.push(name, StepStatus::Fail, detail);
                self.fault = Some(fault);
            }
            Outcome::Unknown(detail, doubt) => {
                self.push(name, StepStatus::Unknown, detail);
                // The later, the nearer to what was asked.
                self.doubt = Some(doubt);
            }
        }
    }

    fn push(&mut self, name: &'static str, status: StepStatus, detail: String) {
        self.steps.push(Step {
            name,
            status,
            detail,
        });
    }

    fn is_open(&self) -> bool {
        self.fault.is_none() && self.doubt.is_none()
    }
}

fn walk(facts: &Facts, table: &Table) -> Walk {
    match facts.origin.image() {
        Some(image) => of_image::walk(facts, table, image),
        None => of_machine(facts, table),
    }
}

fn of_machine(facts: &Facts, table: &Table) -> Walk {
    let mut way = Way::default();
    way.step("environment", || step::environment(facts, table));
    way.step("netlink", || step::netlink(facts));
    for &handler in table.handlers {
        way.step(handler.module().name(), || {
            step::handler(facts, table, handler)
        });
    }
    if way.is_open() {
        way.step("canary", || step::canary(facts, table));
        way.step("ss", || step::ss(facts, table));
    }
    let answer = answer(facts, table, &way);
    finish(facts, table, way, answer)
}

fn finish(facts: &Facts, table: &Table, mut way: Way, answer: (Status, String)) -> Walk {
    let (status, summary) = answer;
    if let Some(then) = step::then(facts, table, &way) {
        way.steps.push(then);
    }
    let shown = shown(facts, table, &way);
    let blind = way.fault.is_some();
    let why = way.fault.or(way.caution.filter(|_| status == Status::Warn));
    Walk {
        status,
        summary,
        command: table.command,
        steps: way.steps,
        cause: why.as_ref().map(|why| why.cause),
        remedy: why.and_then(|why| why.remedy),
        truth: (table.truth)(facts, blind),
        shown,
    }
}

/// A file in /proc that was seen to be wrong may show anything.
fn shown(facts: &Facts, table: &Table, way: &Way) -> Shown {
    match (way.fault.as_ref().map(|fault| fault.ends_in), &way.doubt) {
        (Some(End::ProcNet), _) if step::seen_wrong(facts, table).is_none() => Shown::ProcNet,
        (Some(End::Nothing), _) => Shown::Nothing,
        (Some(End::ProcNet | End::OtherFile | End::Untruth), _) => Shown::Unknown,
        (None, Some(_)) => Shown::Unknown,
        (None, None) => Shown::Truth,
    }
}

fn answer(facts: &Facts, table: &Table, way: &Way) -> (Status, String) {
    let queues = table.queues;
    if let Some(fault) = &way.fault {
        return (Status::Fail, faulty(facts, table, fault));
    }
    if let Some(doubt) = &way.doubt {
        return (Status::Unknown, doubtful(queues, doubt));
    }
    if let Some(Fault { because, .. }) = &way.caution {
        let summary =
            format!("{queues} can be believed now, but not for certain later: {because}.");
        return (Status::Warn, summary);
    }
    let last = table.handlers.last();
    let answered = last.map_or("sock_diag", |last| last.module().name());
    let proof = (table.proof)(facts);
    let summary = format!("{queues} can be believed: {answered} answered, and {proof}.");
    (Status::Pass, summary)
}

fn faulty(facts: &Facts, table: &Table, fault: &Fault) -> String {
    let Table {
        queues,
        blind,
        fallback,
        ..
    } = table;
    let because = &fault.because;
    match fault.ends_in {
        End::ProcNet => {
            let too = match step::seen_wrong(facts, table) {
                Some(_) => " and is wrong about Recv-Q too",
                None => "",
            };
            format!("ss shows {blind} here: {because}, so {fallback}{too}.")
        }
        End::Nothing => format!(
            "ss shows no socket of this kind here: {because}, and an ss before 4.10 does not fall back."
        ),
        End::OtherFile => format!(
            "ss cannot show {queues} here: {because}, so ss reads a file instead of asking the kernel."
        ),
        End::Untruth => format!("{queues} cannot be believed here: {because}."),
    }
}

fn doubtful(queues: &str, Doubt { what, lift }: &Doubt) -> String {
    let lift = lift.as_ref();
    let lift = lift.map_or(String::new(), |lift| format!(" To know, {lift}."));
    format!("Whether {queues} can be believed is not known: {what}.{lift}")
}

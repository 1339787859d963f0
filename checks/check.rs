//! What a check is.

use crate::facts::{Facts, Topic};
use crate::finding::Finding;
use crate::limits::Limits;

/// One rule of the catalogue. Its id is its file's name, its heading in `explain` and its key
/// in JSON; ids are never reused.
#[derive(Debug)]
pub struct Check {
    /// Kebab-case, unique, for ever.
    pub id: &'static str,
    /// A few words for lists.
    pub title: &'static str,
    /// The part of the report that it belongs to.
    pub group: Group,
    /// Whether it judges the machine once or each namespace.
    pub scope: Scope,
    /// Its published page, in Markdown: what it looks at, why it matters, where in the kernel
    /// that comes from, how to see it by hand, how to mend it.
    pub explain: &'static str,
    /// The facts that it cannot do without.
    pub needs: &'static [Topic],
    /// Checks whose failure explains this one's.
    pub masked_by: &'static [&'static str],
    /// Whether it can judge an image that has not booted.
    pub judges: Judges,
    /// The judgement: at least one finding, a pass too says what was seen.
    pub judge: fn(&View<'_>) -> Vec<Finding>,
}

/// All that a judgement may look at.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// What was observed.
    pub facts: &'a Facts,
    /// What is acceptable.
    pub limits: &'a Limits,
}

/// The part of the report that a check belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Why ss can or cannot see.
    Path,
    /// Accept queues and backlogs.
    Queues,
    /// SYN queues and cookies.
    Syn,
    /// What the operator asks for and accepts.
    Policy,
}

impl Group {
    /// All groups, in report order.
    pub const ALL: [Group; 4] = [Group::Path, Group::Queues, Group::Syn, Group::Policy];

    /// The name for `--only` and `--skip`.
    pub const fn name(self) -> &'static str {
        match self {
            Group::Path => "path",
            Group::Queues => "queues",
            Group::Syn => "syn",
            Group::Policy => "policy",
        }
    }
}

/// What a check can judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judges {
    /// A machine that runs: it is about what nothing else can show.
    Machines,
    /// An image too, by a kernel in it. The kernel of a container image is that of the machine
    /// that runs it.
    MachinesAndKernels,
    /// An image too, by a kernel in it, or where its sysctl.d sets this.
    MachinesAndSetting(&'static str),
    /// An image only: a machine shows the same in another way.
    Images,
    /// A machine that runs, against what its image promised.
    Promises,
    /// The waivers of a policy.
    Waivers,
}

impl Judges {
    /// One phrase, for lists.
    pub const fn name(self) -> &'static str {
        match self {
            Judges::Machines => "machines",
            Judges::MachinesAndKernels | Judges::MachinesAndSetting(_) => "machines, images",
            Judges::Images => "images",
            Judges::Promises => "machines, with --expect",
            Judges::Waivers => "a policy with waivers",
        }
    }
}

/// What a finding of a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The machine and its kernel, once.
    Host,
    /// Each network namespace.
    Netns,
}

impl Scope {
    /// One word, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Scope::Host => "host",
            Scope::Netns => "netns",
        }
    }
}

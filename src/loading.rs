//! What decides whether the kernel can load a module: its settings, the modules and their rules,
//! and what the next boot sets.

use crate::gap::unselected;
use crate::probes;
use crate::runner::{self, Deadline, Pending};
use sockdoctor_checks::facts::{Boot, Fact, Facts, Gap, Kernel, Modules, Topic, Topics};

/// What was seen of it.
pub(crate) struct Loading {
    pub(crate) kernel: Kernel,
    pub(crate) modules: Fact<Modules>,
    pub(crate) boot: Boot,
}

impl Loading {
    /// Puts it into facts that were collected without.
    pub(crate) fn put_into(self, facts: &mut Facts) {
        facts.kernel = self.kernel;
        facts.modules = self.modules;
        facts.boot = self.boot;
    }
}

/// The probes that look at it, beside other work.
pub(crate) struct Looking {
    modules: Option<Pending<(Kernel, Fact<Modules>)>>,
    boot: Option<Pending<Boot>>,
    /// The gap of what they do not look at.
    otherwise: fn(&str) -> Gap,
}

impl Looking {
    /// Starts to look at what `topics` ask for. For `passive` runs at the modules as well: they
    /// decide what may be asked.
    pub(crate) fn start(topics: Topics, passive: bool, limit: Deadline) -> Self {
        let is_wanted = passive || !topics.is_subset(of_namespaces());
        let wants_modules = passive || topics.contains(Topic::Modules);
        let wants_config = wants_modules || topics.contains(Topic::KernelConfig);
        Looking {
            modules: is_wanted.then(|| start_modules(wants_modules, wants_config, limit)),
            boot: topics
                .contains(Topic::Boot)
                .then(|| runner::start("boot settings", limit, probes::boot::collect)),
            otherwise: unselected,
        }
    }

    /// Nothing is looked at but the release of the kernel.
    pub(crate) const NOT_YET: Self = Looking {
        modules: None,
        boot: None,
        otherwise: |what| Gap::not_collected(what, "ss is not blind"),
    };

    /// What they saw.
    pub(crate) fn wait(self) -> Loading {
        let (kernel, modules) = match self.modules {
            Some(pending) => wait_or(pending, |gap| {
                (Kernel::missing(gap), Fact::Missing(gap.clone()))
            }),
            None => {
                let kernel = Kernel {
                    release: Fact::Known(probes::kernel::release()),
                    ..Kernel::missing(&(self.otherwise)("settings of the kernel"))
                };
                (kernel, Fact::Missing((self.otherwise)("modules")))
            }
        };
        Loading {
            kernel,
            modules,
            boot: match self.boot {
                Some(pending) => wait_or(pending, Boot::missing),
                None => Boot::missing(&(self.otherwise)("boot settings")),
            },
        }
    }
}

fn start_modules(
    wants_modules: bool,
    wants_config: bool,
    limit: Deadline,
) -> Pending<(Kernel, Fact<Modules>)> {
    runner::start("modules", limit, move || {
        let kernel = probes::kernel::collect(wants_config);
        let modules = if wants_modules {
            runner::guarded("modules", || probes::modules::collect(&kernel))
        } else {
            Fact::Missing(unselected("modules"))
        };
        Fact::Known((kernel, modules))
    })
}

/// The topics that have nothing to do with modules.
pub(crate) fn of_namespaces() -> Topics {
    Topic::Listeners
        | Topic::UnixListeners
        | Topic::UnixStreams
        | Topic::SynRecv
        | Topic::Counters
        | Topic::Somaxconn
        | Topic::TcpSysctls
}

fn wait_or<T>(pending: Pending<T>, missing: impl FnOnce(&Gap) -> T) -> T {
    let waited = pending.wait().into_result();
    waited.unwrap_or_else(|gap| missing(&gap))
}

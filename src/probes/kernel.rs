//! The running kernel: release, configuration, and what it does about modules.

use sockdoctor_checks::facts::{Fact, Gap, Kernel};

/// Observes the kernel.
pub fn collect() -> Kernel {
    let not_yet = || Gap::not_collected("kernel", "not written");
    Kernel {
        release: Fact::Missing(not_yet()),
        config: Fact::Missing(not_yet()),
        modprobe: Fact::Missing(not_yet()),
        modules_disabled: Fact::Missing(not_yet()),
        lockdown: Fact::Missing(not_yet()),
        signatures_enforced: Fact::Missing(not_yet()),
    }
}

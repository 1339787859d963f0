//! Who looks, and from where.

use sockdoctor_checks::facts::{Fact, Gap, Machine};

/// Observes the machine and the observer.
pub fn collect() -> Machine {
    let not_yet = || Gap::not_collected("machine", "not written");
    Machine {
        hostname: Fact::Missing(not_yet()),
        uptime_seconds: Fact::Missing(not_yet()),
        effective_uid: rustix::process::geteuid().as_raw(),
        capabilities: Fact::Missing(not_yet()),
        sandbox: Fact::Missing(not_yet()),
        user_namespace: Fact::Missing(not_yet()),
        hidepid: Fact::Missing(not_yet()),
    }
}

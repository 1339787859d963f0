//! What the kernel log says of a module that the kernel did not take.

use super::handler::Handler;
use crate::facts::{DiagModule, Facts, LogLine};
use crate::finding::Evidence;

/// Where evidence of it is found.
const LOG: &str = "/dev/kmsg";

/// What the kernel writes behind a module's name when it does not take it: check_modinfo,
/// check_version, simplify_symbols (kernel/module/), and module_sig_check of Linux 5.10.
const OF_A_MODULE: [&str; 4] = [
    "version magic ",
    "disagrees about version of symbol ",
    "Unknown symbol ",
    "loading of ",
];

/// What it writes without naming the module: module_sig_check, elf_validity_ehdr (since 5.16),
/// and lockdown_is_locked_down (security/lockdown/lockdown.c).
const OF_ANY: [&str; 3] = [
    "Loading of ",
    "Invalid ELF ",
    "unsigned module loading is restricted",
];

/// The lines by which the kernel refused `module`, those that name it in front. Those that name
/// none are about modules that were asked for, which are those of the handlers.
pub(super) fn lines(facts: &Facts, module: DiagModule) -> Vec<&LogLine> {
    let all = || facts.kernel_log.value().into_iter().flatten();
    let named = OF_A_MODULE.map(|words| format!("{module}: {words}"));
    let names_it = |line: &&LogLine| named.iter().any(|words| line.text.contains(words));
    let is_asked_for = Handler::ALL.iter().any(|one| one.module() == module);
    let of_any =
        |line: &&LogLine| is_asked_for && OF_ANY.iter().any(|words| line.text.contains(words));
    let mut lines: Vec<&LogLine> = all().filter(names_it).chain(all().filter(of_any)).collect();
    // Each request tries again, and fails again.
    lines.dedup_by(|later, earlier| later.text == earlier.text);
    lines
}

/// Such a line as evidence.
pub(super) fn evidence(line: &LogLine) -> Evidence {
    Evidence::file(LOG, None, line.to_string())
}

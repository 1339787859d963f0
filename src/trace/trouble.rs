//! Why the programs could not be loaded or attached, in sentences.

use aya::maps::MapError;
use aya::programs::ProgramError;
use aya::{BtfError, EbpfError};
use sockdoctor_checks::facts::Gap;
use std::error::Error;

/// What went wrong: one sentence for each way that was tried, and what the kernel said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    sentences: Vec<String>,
}

/// How many of the last lines of the verifier's log are shown: the first of them is the
/// instruction, the last the reason.
const LINES_OF_LOG: usize = 4;

impl Trouble {
    fn new(sentence: String) -> Self {
        Trouble {
            sentences: vec![sentence],
        }
    }

    /// Both of two ways failed.
    #[must_use]
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.sentences.extend(other.sentences);
        self.sentences.dedup();
        self
    }

    pub(super) fn gap(gap: &Gap) -> Self {
        Trouble::new(gap.to_string())
    }

    pub(super) fn btf(error: &BtfError) -> Self {
        Trouble::new(format!(
            "the kernel's description of its own types ({}) cannot be used: {}",
            super::btf::VMLINUX,
            chain(error)
        ))
    }

    pub(super) fn map(error: &MapError) -> Self {
        Trouble::new(format!("a BPF map cannot be used: {}", chain(error)))
    }

    pub(super) fn no_kprobes(place: &str) -> Self {
        Trouble::new(format!(
            "kprobe: this kernel has none (no {place}; CONFIG_KPROBE_EVENTS)"
        ))
    }

    pub(super) fn unknown_registers() -> Self {
        Trouble::new(format!(
            "kprobe: where a function finds its arguments on {} is not known to sockdoctor, only \
             on x86-64 and arm64",
            std::env::consts::ARCH
        ))
    }

    pub(super) fn broken_object() -> Self {
        Trouble::new("the BPF object in this program lacks a part of itself".to_owned())
    }

    pub(super) fn object(way: &str, error: &EbpfError) -> Self {
        if let EbpfError::MapError(error) = error {
            return Trouble::map(error);
        }
        Trouble::new(format!(
            "{way}: the BPF object does not fit this kernel's types: {}",
            chain(error)
        ))
    }

    /// This kernel has no such iterator.
    pub(super) fn no_iterator(table: &str, since: &str) -> Self {
        Trouble::new(format!(
            "this kernel has no bpf_iter_{table}, which came with Linux {since}"
        ))
    }

    pub(super) fn program(way: &str, function: &str, error: &ProgramError) -> Self {
        let ProgramError::LoadError {
            io_error,
            verifier_log,
        } = error
        else {
            let why = chain(error);
            return Trouble::new(format!("{way}: cannot be attached to {function}: {why}"));
        };
        let refused = io_error.kind() == std::io::ErrorKind::PermissionDenied;
        Trouble::new(match end_of(&verifier_log.to_string()).as_str() {
            // The verifier never saw it: what kept it out came before.
            "" if refused => format!(
                "{way}: the kernel takes no program for {function}, though it makes maps for this \
                 process: a security module, a filter of system calls or the kernel's build \
                 forbids programs of this type"
            ),
            "" => format!("{way}: the kernel takes no program for {function}: {io_error}"),
            log => format!(
                "{way}: the kernel's verifier could not prove that the program for {function} is \
                 safe here, which is a fault of sockdoctor on this kernel. Its last words: {log}"
            ),
        })
    }
}

/// The end of the verifier's log, where it says what it could not prove. What it counted at the
/// very end is left out.
fn end_of(log: &str) -> String {
    let counted = [
        "processed ",
        "verification time",
        "stack depth",
        "peak_states",
    ];
    let lines = log.lines().map(str::trim);
    let lines: Vec<&str> = lines
        .filter(|line| !line.is_empty() && !counted.iter().any(|known| line.starts_with(known)))
        .collect();
    let start = lines.len().saturating_sub(LINES_OF_LOG);
    lines[start..].join(" | ")
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sentences.join("; "))
    }
}

/// An error and what caused it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_log_the_reason_is_left() {
        let log = "0: R1=ctx()\n1: (79) r2 = *(u64 *)(r1 +0)\n2: x\n3: y\n4: z\n\
                   R2 invalid mem access 'scalar'\nverification time 12 usec\n\
                   processed 5 insns (limit 1000000) max_states_per_insn 0\n";
        assert_eq!(
            end_of(log),
            "2: x | 3: y | 4: z | R2 invalid mem access 'scalar'"
        );
        assert_eq!(end_of("processed 0 insns\n"), "");
    }

    #[test]
    fn two_ways_that_failed_alike_are_told_once() {
        let one = || Trouble::new("no BTF".to_owned());
        assert_eq!(one().and(one()).to_string(), "no BTF");
        let both = one().and(Trouble::new("no kprobes".to_owned()));
        assert_eq!(both.to_string(), "no BTF; no kprobes");
    }
}

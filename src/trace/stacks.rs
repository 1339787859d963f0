//! Addresses in the kernel, by name.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

const PATH: &str = "/proc/kallsyms";
/// More than the few symbols whose address is 0 or an offset.
const START: u64 = 64 * 1024;

/// The functions of the kernel, from /proc/kallsyms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Symbols(BTreeMap<u64, String>);

impl Symbols {
    /// Reads them.
    ///
    /// # Errors
    /// The file cannot be read, or shows no addresses (kernel.kptr_restrict, no CAP_SYSLOG).
    pub(crate) fn read() -> Result<Self, String> {
        Self::can_read()?;
        let symbols = aya::util::kernel_symbols().map_err(|error| format!("{PATH}: {error}"))?;
        Ok(Symbols(symbols))
    }

    /// Whether there is anything to read, without reading all of it.
    ///
    /// # Errors
    /// As those of [`Symbols::read`].
    pub(crate) fn can_read() -> Result<(), String> {
        let mut start = String::new();
        let file = File::open(PATH).map_err(|error| format!("{PATH}: {error}"))?;
        let read = file.take(START).read_to_string(&mut start);
        read.map_err(|error| format!("{PATH}: {error}"))?;
        let mut addresses = start.lines().filter_map(|line| line.split(' ').next());
        // Every address is 0 where the reader may not see them.
        if addresses.all(|address| address.bytes().all(|digit| digit == b'0')) {
            return Err(format!("{PATH} shows no addresses (kernel.kptr_restrict)"));
        }
        Ok(())
    }

    /// The names of `addresses`, from `function` on outwards: before it are the frames of BPF,
    /// and where they have taken its place, as with kretprobes, it is put back.
    pub(super) fn frames(
        &self,
        addresses: impl Iterator<Item = u64>,
        function: &str,
    ) -> Vec<String> {
        let named = addresses
            .take_while(|address| *address != 0)
            .map(|address| self.name(address));
        let named: Vec<String> = named.collect();
        let is_trampoline = |name: &String| TRAMPOLINES.iter().any(|known| name.starts_with(known));
        let start = named.iter().position(|name| name == function);
        let callers = match start {
            Some(start) => &named[start + 1..],
            None => {
                &named[named
                    .iter()
                    .rposition(is_trampoline)
                    .map_or(0, |last| last + 1)..]
            }
        };
        let function = std::iter::once(function.to_owned());
        function.chain(callers.iter().cloned()).collect()
    }

    fn name(&self, address: u64) -> String {
        match self.0.range(..=address).next_back() {
            Some((_, name)) => name.clone(),
            None => format!("{address:#x}"),
        }
    }
}

/// Code that stands between a function and the programs that are called at its return.
const TRAMPOLINES: [&str; 6] = [
    "bpf_",
    "kretprobe_",
    "__kretprobe_",
    "arch_rethook_",
    "rethook_",
    "trampoline_handler",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(addresses: &[u64]) -> Vec<String> {
        let names = [
            (100, "bpf_trampoline_7"),
            (200, "tcp_conn_request"),
            (300, "tcp_rcv_state_process"),
            (400, "arch_rethook_trampoline"),
        ];
        let symbols = names.map(|(address, name)| (address, name.to_owned()));
        Symbols(symbols.into()).frames(addresses.iter().copied(), "tcp_conn_request")
    }

    #[test]
    fn the_frames_of_bpf_are_left_out() {
        let expected = ["tcp_conn_request", "tcp_rcv_state_process"];
        assert_eq!(frames(&[110, 205, 310, 0, 0]), expected);
        assert_eq!(frames(&[110, 405, 310, 0, 0]), expected, "at a kretprobe");
    }

    #[test]
    fn an_address_without_a_name_is_a_number() {
        assert_eq!(frames(&[205, 7]), ["tcp_conn_request", "0x7"]);
    }

    #[test]
    fn this_kernel_shows_its_functions_to_root() {
        let symbols = Symbols::read().expect("root sees addresses");
        let functions = symbols.0.values().filter(|name| *name == super::super::SYN);
        assert_eq!(functions.count(), 1);
    }
}

//! Numbers that only the running kernel's BTF knows.

use crate::gap::io_gap;
use sockdoctor_checks::facts::Gap;
use std::collections::BTreeMap;

/// Where the kernel describes its own types.
pub(super) const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

const MAGIC: u16 = 0xeb9f;
const KIND_ENUM: u32 = 6;

/// The values of these enumerators of the running kernel.
///
/// # Errors
/// There is no BTF here, it makes no sense, or it lacks one of the names.
pub(super) fn enumerators<const N: usize>(names: [&str; N]) -> Result<[u32; N], Gap> {
    let btf = std::fs::read(VMLINUX).map_err(|error| io_gap(VMLINUX, &error))?;
    let all = parse(&btf, &names).ok_or_else(|| Gap::malformed(VMLINUX, "it is no BTF"))?;
    let mut values = [0; N];
    for (value, name) in values.iter_mut().zip(names) {
        let found = all.get(name).copied();
        *value = found.ok_or_else(|| Gap::malformed(VMLINUX, format!("it has no {name}")))?;
    }
    Ok(values)
}

/// Walks all types (Documentation/bpf/btf.rst) and keeps the enumerators with these names. CO-RE
/// cannot ask for them: the kernel's enum of counters has no name.
fn parse<'a>(btf: &[u8], names: &[&'a str]) -> Option<BTreeMap<&'a str, u32>> {
    if u16::from_ne_bytes(btf.get(..2)?.try_into().ok()?) != MAGIC {
        return None;
    }
    let word = |at: usize| {
        let bytes = btf.get(at..at + 4)?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    };
    let at = |place: usize| word(place).map(|word| word as usize);
    let header = at(4)?;
    let (types, types_length) = (header + at(8)?, at(12)?);
    let (strings, strings_length) = (header + at(16)?, at(20)?);
    let strings = btf.get(strings..strings + strings_length)?;
    let mut found = BTreeMap::new();
    let (mut next, end) = (types, types + types_length);
    while next < end && found.len() < names.len() {
        let info = word(next + 4)?;
        let (kind, length) = (info >> 24 & 0x1f, (info & 0xffff) as usize);
        let members = next + 12;
        if kind == KIND_ENUM {
            for member in (0..length).map(|index| members + 8 * index) {
                let name = string(strings, at(member)?)?;
                if let Some(name) = names.iter().find(|known| known.as_bytes() == name) {
                    found.insert(*name, word(member + 4)?);
                }
            }
        }
        next = members + extra(kind, length)?;
    }
    Some(found)
}

fn string(strings: &[u8], at: usize) -> Option<&[u8]> {
    strings.get(at..)?.split(|byte| *byte == 0).next()
}

/// How many bytes follow the three words of a type.
fn extra(kind: u32, length: usize) -> Option<usize> {
    Some(match kind {
        // pointer, forward, typedef, volatile, const, restrict, function, float, type tag
        2 | 7..=12 | 16 | 18 => 0,
        // integer, variable, declaration tag
        1 | 14 | 17 => 4,
        // array
        3 => 12,
        // struct, union, section, 64-bit enum
        4 | 5 | 15 | 19 => 12 * length,
        // enum, function prototype
        KIND_ENUM | 13 => 8 * length,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn this_kernel_knows_its_counters() {
        let [none, drops] = enumerators(["LINUX_MIB_NUM", "LINUX_MIB_LISTENDROPS"]).expect("BTF");
        assert_eq!(none, 0);
        assert!(drops > 0);
    }

    #[test]
    fn a_name_that_is_not_there_is_said() {
        let gap = enumerators(["LINUX_MIB_NO_SUCH_COUNTER"]).expect_err("no such name");
        assert!(
            gap.to_string().contains("LINUX_MIB_NO_SUCH_COUNTER"),
            "{gap}"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(mut bytes in any::<Vec<u8>>(), keep_magic: bool) {
            if keep_magic && bytes.len() > 2 {
                bytes[..2].copy_from_slice(&MAGIC.to_ne_bytes());
            }
            let _ = parse(&bytes, &["a"]);
        }
    }
}

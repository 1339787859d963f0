//! The binary indexes that depmod writes, modules.*.bin (libkmod/libkmod-index.c): a trie whose
//! nodes are found by their offset in the file.
//!
//! All integers are big endian. The header is a magic number, a version and the offset of the
//! root. The upper four bits of an offset say what the node has.

use crate::probes::fnmatch;
use crate::probes::work::Work;
use sockdoctor_checks::facts::Gap;

const MAGIC: u32 = 0xb007_f457;
const MAJOR_VERSION: u32 = 2;
const HAS_PREFIX: u32 = 0x8000_0000;
const HAS_VALUES: u32 = 0x4000_0000;
const HAS_CHILDREN: u32 = 0x2000_0000;
const OFFSET: u32 = 0x0fff_ffff;

/// PATH_MAX: no key of kmod is longer (alias_normalize, shared/util.c).
const LONGEST_KEY: usize = 4096;

/// So many steps of work are one value, so that memory is bounded too.
const COST_OF_VALUE: usize = 1024;

/// With these a key becomes a pattern.
const SPECIAL: [u8; 3] = *b"*?[";

/// An index, as it was read.
#[derive(Debug)]
pub(super) struct Index {
    /// Names the file in gaps.
    name: String,
    bytes: Vec<u8>,
    root: u32,
}

/// A value, and the rank that its module has among those of the same key.
type Value<'i> = (u32, &'i [u8]);

/// A node, or `None` where a child is left out.
type Read<'i> = Result<Option<Node<'i>>, Gap>;

struct Node<'i> {
    prefix: &'i [u8],
    /// The byte that leads to the first child.
    first: u8,
    /// Four bytes for each child: its offset.
    children: &'i [u8],
    values: u32,
    /// Where the values begin.
    values_at: usize,
}

impl Index {
    /// # Errors
    /// The file is no index of the version that kmod writes since 2008.
    pub(super) fn new(name: String, bytes: Vec<u8>) -> Result<Self, Gap> {
        let mut index = Index {
            name,
            bytes,
            root: 0,
        };
        let mut header = index.cursor(0);
        if header.u32()? != MAGIC {
            return Err(index.malformed(0, "no index of depmod"));
        }
        if header.u32()? >> 16 != MAJOR_VERSION {
            return Err(index.malformed(4, "of a version that kmod does not read"));
        }
        index.root = header.u32()?;
        Ok(index)
    }

    /// The first value of exactly this key (index_mm_search).
    pub(super) fn search(&self, key: &[u8], work: &mut Work) -> Result<Option<&[u8]>, Gap> {
        let mut node = self.node(self.root, work)?;
        let mut key = key;
        while let Some(here) = node {
            let Some(rest) = key.strip_prefix(here.prefix) else {
                return Ok(None);
            };
            let Some((&byte, rest)) = rest.split_first() else {
                let values = self.values(&here, work)?;
                return Ok(values.first().map(|(_, value)| *value));
            };
            key = rest;
            node = self.node(here.child(byte), work)?;
        }
        Ok(None)
    }

    /// The values of all keys that match, taken as patterns, in the order of kmod
    /// (index_mm_searchwild).
    pub(super) fn search_patterns(&self, key: &[u8], work: &mut Work) -> Result<Vec<&[u8]>, Gap> {
        let mut found = Vec::new();
        let mut node = self.node(self.root, work)?;
        let mut rest = key;
        while let Some(here) = node {
            let wild = here.prefix.iter().position(|byte| SPECIAL.contains(byte));
            let plain = wild.unwrap_or(here.prefix.len());
            let Some(after) = rest.strip_prefix(&here.prefix[..plain]) else {
                break;
            };
            if wild.is_some() {
                found.extend(self.matching(here, (Vec::new(), plain), after, work)?);
                break;
            }
            for special in SPECIAL {
                if let Some(child) = self.node(here.child(special), work)? {
                    found.extend(self.matching(child, (vec![special], 0), after, work)?);
                }
            }
            let Some((&byte, after)) = after.split_first() else {
                found.extend(self.values(&here, work)?);
                break;
            };
            rest = after;
            node = self.node(here.child(byte), work)?;
        }
        Ok(by_priority(found))
    }

    /// The values at and under `node` whose pattern matches `key`. The pattern so far leads to
    /// the node, and so many bytes of the node's prefix are matched already.
    fn matching<'i>(
        &'i self,
        node: Node<'i>,
        (mut pattern, matched): (Vec<u8>, usize),
        key: &[u8],
        work: &mut Work,
    ) -> Result<Vec<Value<'i>>, Gap> {
        let (mut found, mut to_do) = (Vec::new(), Vec::new());
        let mut next = Some((node, matched));
        while let Some((node, matched)) = next {
            pattern.extend(&node.prefix[matched..]);
            if pattern.len() > LONGEST_KEY {
                let why = "a key that is longer than any of kmod";
                return Err(self.malformed(node.values_at, why));
            }
            self.spend(pattern.len(), work)?;
            if node.values > 0 {
                self.spend(pattern.len() * key.len(), work)?;
                if fnmatch::matches(&pattern, key) {
                    found.extend(self.values(&node, work)?);
                }
            }
            to_do.extend(
                node.offsets()
                    .map(|(byte, child)| (byte, child, pattern.len())),
            );
            next = None;
            if let Some((byte, child, length)) = to_do.pop() {
                pattern.truncate(length);
                pattern.push(byte);
                next = self.node(child, work)?.map(|node| (node, 0));
            }
        }
        Ok(found)
    }

    /// The node at `offset`, none at 0 (index_read).
    fn node(&self, offset: u32, work: &mut Work) -> Read<'_> {
        let at = (offset & OFFSET) as usize;
        if at == 0 {
            return Ok(None);
        }
        let mut cursor = self.cursor(at);
        let prefix = match offset & HAS_PREFIX {
            0 => &[],
            _ => cursor.string()?,
        };
        let (first, children) = match offset & HAS_CHILDREN {
            0 => (0, &[][..]),
            _ => cursor.children()?,
        };
        let values = match offset & HAS_VALUES {
            0 => 0,
            _ => cursor.u32()?,
        };
        self.spend(1 + cursor.at - at, work)?;
        Ok(Some(Node {
            prefix,
            first,
            children,
            values,
            values_at: cursor.at,
        }))
    }

    fn values(&self, node: &Node<'_>, work: &mut Work) -> Result<Vec<Value<'_>>, Gap> {
        let mut cursor = self.cursor(node.values_at);
        let mut values = Vec::new();
        for _ in 0..node.values {
            let (priority, value) = (cursor.u32()?, cursor.string()?);
            self.spend(COST_OF_VALUE + value.len(), work)?;
            values.push((priority, value));
        }
        Ok(values)
    }

    fn spend(&self, steps: usize, work: &mut Work) -> Result<(), Gap> {
        let why = "a loop, or more than any index of depmod has";
        work.spend(steps).ok_or_else(|| self.malformed(0, why))
    }

    fn cursor(&self, at: usize) -> Cursor<'_> {
        Cursor { index: self, at }
    }

    fn malformed(&self, at: usize, why: &str) -> Gap {
        Gap::malformed(&self.name, format!("{why}, at byte {at}"))
    }
}

impl Node<'_> {
    /// The offset of the child that this byte leads to, 0 for none.
    fn child(&self, byte: u8) -> u32 {
        let mut offsets = self.offsets();
        offsets
            .find(|(own, _)| *own == byte)
            .map_or(0, |(_, child)| child)
    }

    /// The children that are there, with the bytes that lead to them.
    fn offsets(&self) -> impl Iterator<Item = (u8, u32)> {
        let offsets = self.children.chunks_exact(4).map(number);
        (self.first..)
            .zip(offsets)
            .filter(|(_, child)| child & OFFSET != 0)
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |number, &byte| number << 8 | u32::from(byte))
}

/// As add_value sorts them: a later value of the same priority comes first.
fn by_priority(mut values: Vec<Value<'_>>) -> Vec<&[u8]> {
    values.reverse();
    values.sort_by_key(|(priority, _)| *priority);
    values.into_iter().map(|(_, value)| value).collect()
}

/// Reads on from a place in the file.
struct Cursor<'i> {
    index: &'i Index,
    at: usize,
}

impl<'i> Cursor<'i> {
    fn take(&mut self, length: usize) -> Result<&'i [u8], Gap> {
        let taken = self
            .index
            .bytes
            .get(self.at..)
            .and_then(|rest| rest.get(..length));
        let taken = taken.ok_or_else(|| self.beyond())?;
        self.at += length;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, Gap> {
        self.take(4).map(number)
    }

    /// Up to a zero byte, which is not part of it.
    fn string(&mut self) -> Result<&'i [u8], Gap> {
        let rest = self.index.bytes.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|&byte| byte == 0);
        let string = self.take(end.ok_or_else(|| self.beyond())? + 1)?;
        Ok(&string[..string.len() - 1])
    }

    /// The byte of the first child, and the offsets of all of them.
    fn children(&mut self) -> Result<(u8, &'i [u8]), Gap> {
        let at = self.at;
        let range = self.take(2)?;
        let (first, last) = (range[0], range[1]);
        if first > last || !last.is_ascii() {
            return Err(self.index.malformed(at, "children that no index has"));
        }
        let count = usize::from(last - first) + 1;
        Ok((first, self.take(4 * count)?))
    }

    fn beyond(&self) -> Gap {
        self.index.malformed(self.at, "beyond the end of the file")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sockdoctor_checks::facts::Why;

    /// ```text
    /// 12 (root)  children "a".."b"
    /// 22         prefix "b*", one value "one" of priority 7
    /// 37         one value "two" of priority 3
    /// ```
    fn bytes() -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in [MAGIC, MAJOR_VERSION << 16 | 1, HAS_CHILDREN | 12] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend(b"ab");
        bytes.extend((HAS_PREFIX | HAS_VALUES | 22).to_be_bytes());
        bytes.extend((HAS_VALUES | 37).to_be_bytes());
        bytes.extend(b"b*\0\0\0\0\x01\0\0\0\x07one\0");
        bytes.extend(b"\0\0\0\x01\0\0\0\x03two\0");
        bytes
    }

    fn index(bytes: Vec<u8>) -> Result<Index, Gap> {
        Index::new("x.bin".to_owned(), bytes)
    }

    fn patterns(key: &str) -> Vec<String> {
        let index = index(bytes()).expect("an index");
        let found = index.search_patterns(key.as_bytes(), &mut Work::new());
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        found.expect("found").into_iter().map(text).collect()
    }

    #[test]
    fn a_key_is_found_as_it_is_or_as_a_pattern() {
        let index = index(bytes()).expect("an index");
        let search = |key: &[u8]| index.search(key, &mut Work::new()).expect("searched");
        assert_eq!(search(b"b"), Some(&b"two"[..]));
        assert_eq!(search(b"ab*"), Some(&b"one"[..]));
        assert_eq!(search(b"abc"), None);
        assert_eq!(patterns("abc"), ["one"]);
        assert_eq!(patterns("b"), ["two"]);
        assert_eq!(patterns("bb"), [""; 0]);
    }

    #[test]
    fn what_is_no_index_is_refused_with_the_place() {
        let gap = index(vec![0; 12]).expect_err("refused");
        assert_eq!(
            gap.to_string(),
            "x.bin: malformed: no index of depmod, at byte 0"
        );
        let gap = index(bytes()[..11].to_vec()).expect_err("refused");
        assert!(gap.to_string().contains("at byte 8"), "{gap}");
    }

    #[test]
    fn a_child_beyond_the_end_is_refused_with_the_place() {
        let mut bytes = bytes();
        bytes[14..18].copy_from_slice(&(HAS_VALUES | 900).to_be_bytes());
        let index = index(bytes).expect("an index");
        let gap = index.search(b"ab*", &mut Work::new()).expect_err("refused");
        assert!(gap.to_string().contains("at byte 900"), "{gap}");
    }

    #[test]
    fn a_loop_ends() {
        let mut bytes = bytes();
        bytes[12..14].copy_from_slice(b"**");
        bytes[14..18].copy_from_slice(&(HAS_CHILDREN | 12).to_be_bytes());
        let index = index(bytes).expect("an index");
        let gap = index.search_patterns(b"x", &mut Work::new());
        assert!(matches!(gap.expect_err("refused").why, Why::Malformed(_)));
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_searched(mut bytes: Vec<u8>, key: Vec<u8>) {
            let header = [MAGIC, MAJOR_VERSION << 16, HAS_CHILDREN | HAS_VALUES | 12];
            bytes.splice(0..0, header.iter().flat_map(|number| number.to_be_bytes()));
            let index = index(bytes).expect("an index");
            let _ = index.search(&key, &mut Work::new());
            let _ = index.search_patterns(&key, &mut Work::new());
        }

        #[test]
        fn a_mutated_index_can_be_searched(at in 0usize..48, byte: u8, end in 12usize..60) {
            let mut bytes = bytes();
            bytes[at] = byte;
            bytes.truncate(end);
            if let Ok(index) = index(bytes) {
                for key in [&b"abc"[..], b"b", b""] {
                    let _ = index.search(key, &mut Work::new());
                    let _ = index.search_patterns(key, &mut Work::new());
                }
            }
        }
    }
}

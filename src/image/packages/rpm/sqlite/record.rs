//! A row: the types of its columns, then their values.

use crate::image::packages::rpm::bytes::array;

/// A column, as far as the tables of rpm have them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Null,
    Integer(i64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
    /// A number with a fraction.
    Real,
}

/// The column of this index, `None` when the row does not have it whole.
pub(super) fn column(row: &[u8], index: usize) -> Option<Value<'_>> {
    let (length, rest) = varint(row)?;
    let begun = row.len() - rest.len();
    let length = usize::try_from(length).ok()?;
    let mut types = row.get(begun..length)?;
    let mut values = row.get(length..)?;
    for _ in 0..index {
        let (kind, rest) = varint(types)?;
        types = rest;
        values = values.get(size(kind)?..)?;
    }
    let (kind, _) = varint(types)?;
    value(kind, values.get(..size(kind)?)?)
}

fn size(kind: i64) -> Option<usize> {
    Some(match kind {
        0 | 8 | 9 => 0,
        1..=4 => usize::try_from(kind).ok()?,
        5 => 6,
        6 | 7 => 8,
        12.. => usize::try_from((kind - 12) / 2).ok()?,
        _ => return None,
    })
}

fn value(kind: i64, bytes: &[u8]) -> Option<Value<'_>> {
    Some(match kind {
        0 => Value::Null,
        1..=6 => Value::Integer(integer(bytes)),
        7 => Value::Real,
        8 | 9 => Value::Integer(kind - 8),
        12.. if kind % 2 == 0 => Value::Blob(bytes),
        12.. => Value::Text(bytes),
        _ => return None,
    })
}

/// Up to eight bytes, the highest first, with its sign.
fn integer(bytes: &[u8]) -> i64 {
    let first = bytes
        .first()
        .map_or(0, |&first| i64::from(first.cast_signed()));
    let rest = bytes.iter().skip(1);
    rest.fold(first, |number, &byte| (number << 8) | i64::from(byte))
}

/// A number of one to nine bytes, seven bits in each and eight in the ninth; and what follows it.
pub(super) fn varint(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let long = array::<9>(bytes, 0);
    let mut number = 0;
    for (index, &byte) in bytes.iter().take(8).enumerate() {
        number = (number << 7) | i64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some((number, &bytes[index + 1..]));
        }
    }
    Some(((number << 8) | i64::from(long?[8]), &bytes[9..]))
}

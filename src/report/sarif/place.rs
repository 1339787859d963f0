//! Where a result is: a line of a file that was really seen, or only what it is about.

use super::message::Message;
use crate::report::plain;
use serde::Serialize;
use sockdoctor_checks::facts::Place;
use sockdoctor_checks::finding::{Evidence, Source, Subject};

/// What absolute paths are relative to: the root of the machine or image that was looked at.
pub(super) const ROOT: &str = "ROOT";

/// A `location` object.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_location: Option<PhysicalLocation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<LogicalLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    fully_qualified_name: String,
    kind: &'static str,
}

/// The lines that a finding rests on, in its own order: the first is the one to blame.
pub(super) fn lines(evidence: &[Evidence]) -> impl Iterator<Item = (&Place, u32, &Evidence)> {
    evidence.iter().filter_map(|piece| match &piece.source {
        Source::File(place) => Some((place, place.line?, piece)),
        _ => None,
    })
}

impl Location {
    /// Where a finding about `subject` is.
    pub(super) fn of(subject: &Subject, evidence: &[Evidence]) -> Self {
        let first = lines(evidence).next();
        Location {
            physical_location: first.map(|(place, line, _)| PhysicalLocation::of(place, line)),
            logical_locations: logical(subject),
            message: None,
        }
    }

    /// A further line that a finding rests on.
    pub(super) fn related(place: &Place, line: u32, evidence: &Evidence) -> Self {
        Location {
            physical_location: Some(PhysicalLocation::of(place, line)),
            logical_locations: Vec::new(),
            message: Some(Message::written(&plain::line(&evidence.says))),
        }
    }
}

impl PhysicalLocation {
    fn of(place: &Place, line: u32) -> Self {
        let (path, uri_base_id) = match place.path.strip_prefix('/') {
            Some(path) => (path, Some(ROOT)),
            None => (place.path.as_str(), None),
        };
        PhysicalLocation {
            artifact_location: ArtifactLocation {
                uri: uri(path),
                uri_base_id,
            },
            region: Region { start_line: line },
        }
    }
}

/// `path` as a relative reference of RFC 3986.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

fn logical(subject: &Subject) -> Vec<LogicalLocation> {
    let named = |name: String| LogicalLocation {
        fully_qualified_name: plain::line(&name),
        kind: "resource",
    };
    names(subject).into_iter().map(named).collect()
}

/// What a finding is about, by name.
pub(super) fn names(subject: &Subject) -> Vec<String> {
    match subject {
        Subject::Host => vec!["host".to_owned()],
        Subject::Namespaces(labels) => labels.clone(),
        Subject::Kernels(releases) => {
            let name = |release: &String| format!("linux/{release}");
            releases.iter().map(name).collect()
        }
        Subject::Listener {
            address, namespace, ..
        } => vec![format!("{namespace}/{address}")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_uri_cannot_carry_is_encoded() {
        assert_eq!(
            uri("etc/modprobe.d/a b%é:.conf"),
            "etc/modprobe.d/a%20b%25%C3%A9%3A.conf"
        );
    }
}

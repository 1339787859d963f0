//! What lifts a refusal.

use crate::facts::Why;

/// What to do about a reading that was denied, where the reader can do it. What else may be
/// needed, more than root has here for one, the gap itself says.
pub(crate) fn lift(why: &Why) -> Option<String> {
    match why {
        Why::Denied { needs } if needs == "root" => Some("run sockdoctor again as root".to_owned()),
        Why::Denied { needs } if needs.starts_with("CAP_") => {
            Some(format!("run sockdoctor again with {needs}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(needs: &str) -> Option<String> {
        let needs = needs.to_owned();
        lift(&Why::Denied { needs })
    }

    #[test]
    fn what_the_reader_can_be_given_is_named_and_nothing_else() {
        let root = "run sockdoctor again as root".to_owned();
        assert_eq!(denied("root"), Some(root));
        let capability = "run sockdoctor again with CAP_NET_ADMIN".to_owned();
        assert_eq!(denied("CAP_NET_ADMIN"), Some(capability));
        assert_eq!(denied("more privilege than root has here"), None);
        assert_eq!(lift(&Why::Absent), None);
    }
}

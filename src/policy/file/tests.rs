use super::*;
use proptest::prelude::*;

const TODAY: Date = Date::new(2026, 11, 22);

fn parsed(text: &str) -> Result<Policy, String> {
    parse("p.toml", text.as_bytes(), TODAY)
}

fn complaint(text: &str) -> String {
    let why = parsed(text).expect_err(text);
    assert_eq!(why.lines().count(), 1, "{why}");
    why
}

const WHOLE: &str = r#"
[limits]
somaxconn.min = 4096

[modules]
required = ["tcp_diag", "unix-diag"]

[checks]
fatal = ["sysctl-drift"]

[[waivers]]
id = "somaxconn"
subject = "web"
reason = """the image is
  rebuilt in spring"""
expires = 2027-01-31
"#;

#[test]
fn everything_that_can_be_said() {
    let expected = Policy {
        limits: Limits {
            somaxconn_min: Some(4096),
            required_modules: [DiagModule::TcpDiag, DiagModule::UnixDiag].into(),
        },
        fatal: ["sysctl-drift"].into(),
        waivers: vec![Waiver {
            id: "somaxconn",
            subject: Some("web".to_owned()),
            reason: "the image is rebuilt in spring".to_owned(),
            expires: Date::new(2027, 1, 31),
            place: Place {
                path: "p.toml".to_owned(),
                line: Some(12),
            },
        }],
        today: TODAY,
    };
    assert_eq!(parsed(WHOLE), Ok(expected));
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_what_there_is() {
    assert_eq!(
        complaint("[limits]\nsomaxcon.min = 1"),
        "p.toml:2:1: unknown field `somaxcon`, expected `somaxconn`"
    );
    let why = complaint("\n[[waiver]]");
    assert!(
        why.starts_with("p.toml:2:3: unknown field `waiver`"),
        "{why}"
    );
    assert!(why.ends_with("`waivers`"), "{why}");
}

#[test]
fn a_slip_in_a_name_is_answered_with_the_nearest() {
    for (text, expected) in [
        (
            "[checks]\nfatal = [\"syn-queue\", \"sysctl-drfit\"]",
            "p.toml:2:23: there is no check `sysctl-drfit`; did you mean `sysctl-drift`?",
        ),
        (
            "[modules]\nrequired = [\"tcp_dia\"]",
            "p.toml:2:13: there is no diag module `tcp_dia`; did you mean `tcp_diag`?",
        ),
        (
            "[[waivers]]\nid = \"tcpdiag\"\nreason = \"x\"\nexpires = 2027-01-31",
            "p.toml:2:6: there is no check `tcpdiag`; did you mean `tcp-diag`?",
        ),
    ] {
        assert_eq!(complaint(text), expected);
    }
    let why = complaint("[modules]\nrequired = [\"42\"]");
    assert!(why.contains("there are inet_diag, tcp_diag"), "{why}");
}

#[test]
fn a_date_that_is_none_is_refused_where_it_stands() {
    for bad in ["2027-02-30", "\"2027-01-31\"", "2027-01-31T00:00:00Z", "1"] {
        let why = complaint(&format!(
            "[[waivers]]\nid = \"tcp-diag\"\nreason = \"x\"\nexpires = {bad}"
        ));
        assert!(why.starts_with("p.toml:4:"), "{bad}: {why}");
    }
}

#[test]
fn a_waiver_needs_a_reason_and_an_end() {
    let why = complaint("[[waivers]]\nid = \"tcp-diag\"\nreason = \" \"\nexpires = 2027-01-31");
    assert_eq!(why, "p.toml:3:10: a waiver needs a reason");
    let why = complaint("[[waivers]]\nid = \"tcp-diag\"\nreason = \"x\"");
    assert_eq!(why, "p.toml:1:1: missing field `expires`");
}

#[test]
fn a_waiver_of_everything_names_no_subject() {
    let waiver = |subject| {
        let fields = "id = \"tcp-diag\"\nreason = \"x\"\nexpires = 2027-01-31";
        format!("[[waivers]]\n{fields}\n{subject}")
    };
    let why = complaint(&waiver("subject = \"\""));
    assert!(why.contains("an empty subject names nothing"), "{why}");
    assert_eq!(why.split(": ").next(), Some("p.toml:5:11"));
}

#[test]
fn waivers_cannot_be_waived() {
    let why = complaint("[[waivers]]\nid = \"waivers\"\nreason = \"x\"\nexpires = 2027-01-31");
    assert_eq!(why, "p.toml:2:6: waivers cannot be waived");
}

#[test]
fn what_is_not_toml_says_where() {
    let why = complaint("[limits]\nsomaxconn.min = 4096 connections");
    assert!(why.starts_with("p.toml:2:"), "{why}");
    let why = parse("p.toml", b"# \xc3\xa9\n\xff", TODAY);
    assert_eq!(why, Err("p.toml:2:1: not UTF-8".to_owned()));
}

#[test]
fn nothing_is_a_policy() {
    assert_eq!(parsed("").map(|policy| policy.waivers), Ok(Vec::new()));
}

proptest! {
    #[test]
    fn no_file_makes_it_panic(bytes in any::<Vec<u8>>()) {
        let _ = parse("p.toml", &bytes, TODAY);
    }

    #[test]
    fn no_damage_makes_it_panic(at in 0..WHOLE.len(), byte in any::<u8>()) {
        let mut bytes = WHOLE.as_bytes().to_vec();
        bytes[at] = byte;
        let _ = parse("p.toml", &bytes, TODAY);
    }
}

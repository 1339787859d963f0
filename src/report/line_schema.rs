//! Holds the lines of `watch` and `trace` against their published schemas, in tests.

use jsonschema::Validator;
use serde_json::Value;

pub(super) struct LineSchema(Validator);

impl LineSchema {
    pub(super) fn new(schema: &str) -> Self {
        let schema = serde_json::from_str(schema).expect("the schema is JSON");
        LineSchema(jsonschema::validator_for(&schema).expect("a schema"))
    }

    /// `line` is what the schema says, and would not be if its kind, which is the value of
    /// `key`, were none that there is.
    pub(super) fn tells_apart(&self, line: &str, key: &str) {
        let mut object: Value = serde_json::from_str(line).expect("one document");
        let errors = self.0.iter_errors(&object).map(|error| error.to_string());
        let errors: Vec<String> = errors.collect();
        assert!(errors.is_empty(), "{line}{errors:#?}");
        object[key] = "of-no-such-kind".into();
        assert!(!self.0.is_valid(&object), "{line}");
    }
}

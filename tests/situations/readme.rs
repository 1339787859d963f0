//! The README says what the program says.

use crate::support::doctor::doctor;

const BEGIN: &str = "<!-- catalogue -->\n";
const END: &str = "<!-- /catalogue -->";

#[test]
fn the_catalogue_in_the_readme_is_the_generated_one() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once(BEGIN).expect("the catalogue begins");
    let (written, _) = rest.split_once(END).expect("the catalogue ends");
    let generated = doctor(["generate", "catalogue"]).run().stdout;
    assert_eq!(
        written.trim(),
        generated.trim(),
        "put the output of `sockdoctor generate catalogue` into README.md"
    );
}

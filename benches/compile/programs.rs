//! The programs of a user that are compiled: their manifests and sources.

/// A package with one binary of the same name.
pub struct Program {
    pub name: &'static str,
    dependency: String,
    /// Names and texts of the files in `src`. The first has the line that changes.
    files: Vec<(String, String)>,
}

/// The line that changes, before its number.
const EDITION: &str = "const EDITION: u64 = ";

impl Program {
    /// Returns a program with as many application types as `applications`; `root` is where crankwork lies.
    pub fn crankwork(name: &'static str, root: &str, applications: usize) -> Program {
        let text = include_str!("programs/application.rs");
        let spare =
            |number| text.replace("SPARE: usize = 0;", &format!("SPARE: usize = {number};"));
        let file = |number| (format!("app{number}.rs"), spare(number));
        let mut files: Vec<(String, String)> = (0..applications).map(file).collect();
        let modules = (0..applications).map(|number| format!("mod app{number};\n"));
        let runs = (0..applications).map(|number| format!("    total += app{number}::run()?;\n"));
        let main = modules.collect::<String>()
            + "\nfn main() -> Result<(), Box<dyn std::error::Error>> {\n    let mut total = 0;\n"
            + &runs.collect::<String>()
            + "    println!(\"{total}\");\n    Ok(())\n}\n";
        files.push((String::from("main.rs"), main));
        Program {
            name,
            dependency: format!("crankwork = {{ path = {root:?} }}"),
            files,
        }
    }

    pub fn stakker() -> Program {
        let text = include_str!("programs/stakker.rs");
        Program::of_one_file("program-stakker", "stakker = \"0.2\"", text)
    }

    pub fn tokio() -> Program {
        let tokio = r#"tokio = { version = "1", default-features = false, features = ["rt", "time", "test-util"] }"#;
        let text = include_str!("programs/tokio.rs");
        Program::of_one_file("program-tokio", tokio, text)
    }

    fn of_one_file(name: &'static str, dependency: &str, text: &str) -> Program {
        Program {
            name,
            dependency: String::from(dependency),
            files: vec![(String::from("main.rs"), String::from(text))],
        }
    }

    pub fn manifest(&self) -> String {
        let Program {
            name, dependency, ..
        } = self;
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependency}\n"
        )
    }

    /// Returns names and texts of the files, with `edition` in the line that changes.
    pub fn sources(&self, edition: u64) -> Vec<(String, String)> {
        let mut files = self.files.clone();
        let text = &mut files[0].1;
        *text = text.replace(&format!("{EDITION}0;"), &format!("{EDITION}{edition};"));
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edition_is_one_line_of_one_file() {
        let eight = Program::crankwork("eight", "/crankwork", 8);
        for program in [eight, Program::stakker(), Program::tokio()] {
            let lines = |edition| {
                let files = program.sources(edition).into_iter();
                files
                    .flat_map(|(_, text)| text.lines().map(String::from).collect::<Vec<_>>())
                    .collect::<Vec<_>>()
            };
            let (old, new) = (lines(1), lines(2));
            let changed = old.iter().zip(&new).filter(|(old, new)| old != new);
            assert_eq!(changed.count(), 1, "{}", program.name);
            assert_eq!(old.len(), new.len());
        }
    }

    #[test]
    fn eight_applications_are_eight_modules_that_differ() {
        let eight = Program::crankwork("eight", "/crankwork", 8);
        let files = eight.sources(1);
        let (main, applications) = files.split_last().unwrap();
        assert_eq!(applications.len(), 8);
        for (number, (_, text)) in applications.iter().enumerate() {
            assert!(main.1.contains(&format!("app{number}::run()?")));
            assert!(text.contains(&format!("SPARE: usize = {number};")));
        }
    }
}

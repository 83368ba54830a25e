//! Commands are written for a POSIX shell. On Windows those that set variables or edit files are
//! said in the words of the shell that is used there; all others are the same.

/// Whose words a command is printed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Posix,
    PowerShell,
    Cmd,
}

impl Dialect {
    /// That of the shell which started the program. `variable` gives the value of a variable that
    /// is set.
    pub fn find<'a>(is_windows: bool, variable: impl Fn(&str) -> Option<&'a str>) -> Self {
        match is_windows {
            false => Dialect::Posix,
            // Git's bash and others of its kind have it.
            true if variable("SHELL").is_some() => Dialect::Posix,
            // cmd.exe sets it for its own prompt, PowerShell doesn't.
            true if variable("PROMPT").is_some() => Dialect::Cmd,
            true => Dialect::PowerShell,
        }
    }

    /// A command in these words.
    pub fn say(self, command: &str) -> String {
        let said = match self {
            Dialect::Posix => None,
            Dialect::PowerShell => powershell(command),
            Dialect::Cmd => cmd(command),
        };
        said.unwrap_or_else(|| command.to_owned())
    }
}

/// A command that is said otherwise elsewhere.
enum Meaning {
    /// A variable is set to what a command prints.
    SetOutput {
        name: String,
        of: String,
    },
    /// It is set to the value of another.
    SetOther {
        name: String,
        other: String,
    },
    Set {
        name: String,
        value: String,
    },
    Unset(Vec<String>),
    Append {
        line: String,
        file: String,
    },
    /// A file is changed, in a way that has no short form.
    Edit(String),
    List(String),
    Now,
}

fn meaning(command: &str) -> Option<Meaning> {
    if command == "date" {
        return Some(Meaning::Now);
    }
    let (verb, rest) = command.split_once(' ')?;
    let words = || shlex::split(rest);
    match verb {
        "export" => {
            let (name, value) = rest.split_once('=')?;
            let name = name.to_owned();
            let output = value.strip_prefix("$(").and_then(|it| it.strip_suffix(')'));
            let other = value
                .strip_prefix("\"$")
                .and_then(|it| it.strip_suffix('"'));
            Some(match (output, other) {
                (Some(of), _) => Meaning::SetOutput {
                    name,
                    of: of.to_owned(),
                },
                (_, Some(other)) => Meaning::SetOther {
                    name,
                    other: other.to_owned(),
                },
                _ => Meaning::Set {
                    name,
                    value: shlex::split(value)?.join(" "),
                },
            })
        }
        "unset" => words().map(Meaning::Unset),
        "echo" => match &words()?[..] {
            [line, arrows, file] if arrows == ">>" => {
                let (line, file) = (line.clone(), file.clone());
                Some(Meaning::Append { line, file })
            }
            _ => None,
        },
        "sed" => words()?.pop().map(Meaning::Edit),
        "ls" => words()?.pop().map(Meaning::List),
        _ => None,
    }
}

fn powershell(command: &str) -> Option<String> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    Some(match meaning(command)? {
        Meaning::SetOutput { name, of } => format!("$env:{name} = ({of})"),
        Meaning::SetOther { name, other } => format!("$env:{name} = $env:{other}"),
        Meaning::Set { name, value } => format!("$env:{name} = {}", quoted(&value)),
        Meaning::Unset(names) => format!("Remove-Item Env:{}", names.join(", Env:")),
        // Its own >> writes UTF-16 in Windows PowerShell, which git can't read.
        Meaning::Append { line, file } => {
            format!("Add-Content {} {}", quoted(&file), quoted(&line))
        }
        Meaning::Edit(file) => format!("notepad {}", quoted(&file)),
        Meaning::List(file) => format!("Get-Item {}", quoted(&file)),
        Meaning::Now => "Get-Date".to_owned(),
    })
}

fn cmd(command: &str) -> Option<String> {
    let unset = |name: &String| format!("set {name}=");
    Some(match meaning(command)? {
        Meaning::SetOutput { name, of } => {
            format!("for /f \"delims=\" %i in ('{of}') do set \"{name}=%i\"")
        }
        Meaning::SetOther { name, other } => format!("set \"{name}=%{other}%\""),
        Meaning::Set { name, value } => format!("set \"{name}={value}\""),
        Meaning::Unset(names) => names.iter().map(unset).collect::<Vec<_>>().join("& "),
        Meaning::Append { line, file } => format!("echo {line}>> \"{file}\""),
        Meaning::Edit(file) => format!("notepad \"{file}\""),
        Meaning::List(file) => format!("dir \"{file}\""),
        // Alone it asks for another date.
        Meaning::Now => "date /t".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_of_windows_says_otherwise_is_said_in_its_words() {
        for (posix, powershell, cmd) in [
            (
                "export A=$(heroku config:get A -a shop)",
                "$env:A = (heroku config:get A -a shop)",
                "for /f \"delims=\" %i in ('heroku config:get A -a shop') do set \"A=%i\"",
            ),
            ("export A=\"$B\"", "$env:A = $env:B", "set \"A=%B%\""),
            (
                "export A='it'\\''s b'",
                "$env:A = 'it''s b'",
                "set \"A=it's b\"",
            ),
            ("unset A B", "Remove-Item Env:A, Env:B", "set A=& set B="),
            (
                "echo /.env >> .gitignore",
                "Add-Content '.gitignore' '/.env'",
                "echo /.env>> \".gitignore\"",
            ),
            (
                "sed -i 's/a/b/' 'my .env'",
                "notepad 'my .env'",
                "notepad \"my .env\"",
            ),
            ("ls -l .env", "Get-Item '.env'", "dir \".env\""),
            ("heroku login", "heroku login", "heroku login"),
            ("date", "Get-Date", "date /t"),
        ] {
            assert_eq!(Dialect::Posix.say(posix), posix);
            assert_eq!(Dialect::PowerShell.say(posix), powershell);
            assert_eq!(Dialect::Cmd.say(posix), cmd);
        }
    }

    #[test]
    fn the_shell_is_known_by_its_variables() {
        let find =
            |set: &str, is_windows| Dialect::find(is_windows, |it| (it == set).then_some("x"));
        assert_eq!(find("PROMPT", false), Dialect::Posix);
        assert_eq!(find("PROMPT", true), Dialect::Cmd);
        assert_eq!(find("SHELL", true), Dialect::Posix);
        assert_eq!(find("PSModulePath", true), Dialect::PowerShell);
    }
}

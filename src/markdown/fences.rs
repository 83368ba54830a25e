//! The code in the fences of a text.

use super::block::{Kind, Reader};

/// The code in the fences of a text, each without the marks around it, with a line end after each
/// line.
pub fn code_blocks(text: &str) -> Vec<String> {
    let (mut reader, mut codes) = (Reader::default(), Vec::<String>::new());
    for line in text.lines() {
        match (reader.read(line).kind, codes.last_mut()) {
            (Kind::FenceStart { .. }, _) => codes.push(String::new()),
            (Kind::Fenced(line), Some(code)) => code.extend([line.as_str(), "\n"]),
            _ => {}
        }
    }
    codes
}

/// The line that closes the fence that a text leaves open.
pub fn open_fence(text: &str) -> Option<String> {
    let mut reader = Reader::default();
    for line in text.lines() {
        reader.read(line);
    }
    reader.closing_line()
}

/// The line that opened the fence that a text leaves open.
pub fn opening_line(text: &str) -> Option<&str> {
    let (mut reader, mut opening) = (Reader::default(), None);
    for line in text.lines() {
        if let Kind::FenceStart { .. } = reader.read(line).kind {
            opening = Some(line);
        }
    }
    reader.closing_line().and(opening)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_what_stands_in_a_fence() {
        let table: [(&str, &[&str]); 13] = [
            ("```sh\nls\n```\n~~~\na\n\nb\n~~~", &["ls\n", "a\n\nb\n"]),
            (
                "1. ```bash\n   # a\n     b\n   ```\n\ntext",
                &["# a\n  b\n"],
            ),
            ("- a\n  - ~~~\n    b\n    ~~~", &["b\n"]),
            ("> 1. ```\n>    a\n>    ```\n> b", &["a\n"]),
            ("- > ```\n  > a\n  > ```", &["a\n"]),
            ("- - ```\n    a\n    ```", &["a\n"]),
            ("-\t```\n\ta\n\t\tb\n\t```", &["a\n\tb\n"]),
            ("1. ```\na\n```\nb", &["a\n"]),
            ("  ```\n  a\n b\n\tc\n  ```", &["a\nb\n  c\n"]),
            ("    ```\n    a\n    ```", &[]),
            ("- a\n      ```\n  b", &[]),
            ("> ```\n> a\nb\n```\nc", &["a\n", "c\n"]),
            ("``` a`b\n`````\nc\n```", &["c\n```\n"]),
        ];
        for (text, codes) in table {
            assert_eq!(code_blocks(text), codes, "{text}");
        }
    }

    #[test]
    fn an_open_fence_is_known_with_what_closes_it() {
        for (text, line) in [
            ("```rb\na", Some("```")),
            ("~~~~\n~~~", Some("~~~~")),
            ("a\n- ```sh\n  ls", Some("  ```")),
            ("> 1. ```\n> a", Some(">    ```")),
            ("- ```sh\n  ls\n  ```", None),
            ("Explain:\n10. ```sh\n    ls\n    ```\n\nand", None),
            ("> ```\nout", None),
            ("a\n    ```", None),
            ("$$\n```\n$$", None),
        ] {
            assert_eq!(open_fence(text).as_deref(), line, "{text}");
            let opening = opening_line(text);
            assert_eq!(opening.is_some(), line.is_some(), "{text}");
            assert!(opening.is_none_or(|it| it.contains("```") || it == "~~~~"));
        }
    }
}

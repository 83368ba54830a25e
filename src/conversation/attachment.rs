//! Files that go with a prompt: text becomes part of the prompt, images become parts of their own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

/// A file that goes with a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The file's name as the model sees it.
    pub name: String,
    #[serde(flatten)]
    pub content: Content,
}

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    Text {
        text: String,
    },
    Image {
        /// `image/png`, `image/jpeg`, `image/gif` or `image/webp`.
        media_type: String,
        base64: String,
    },
}

/// The most that one text file may have, in bytes: about 250,000 tokens, which is more than most
/// models take.
pub const TEXT_LIMIT: usize = 1024 * 1024;

/// The most that one image may have, in bytes. Bedrock, on which the service runs, takes 5 MiB and
/// counts them in base64, of which four characters stand for three bytes ("image exceeds 5 MB
/// maximum: 5242880 bytes", as users of its API report it).
pub const IMAGE_LIMIT: usize = 5 * 1024 * 1024 / 4 * 3;

impl Attachment {
    /// A text file.
    ///
    /// # Errors
    /// Says why these bytes are none.
    pub fn text(name: &str, bytes: Vec<u8>) -> Result<Self, String> {
        if let Some(kind) = image_type(&bytes) {
            return Err(format!(
                "It is an image ({kind}), not text: attach it as one."
            ));
        }
        if bytes.len() > TEXT_LIMIT {
            let limit = size(TEXT_LIMIT);
            return Err(format!("It is larger than a text file may be, {limit}."));
        }
        if let Some(position) = bytes.iter().position(|byte| *byte == 0) {
            return Err(format!(
                "It is binary, not text: there is a NUL at byte {position}."
            ));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let position = error.utf8_error().valid_up_to();
            format!("It is not UTF-8 text: byte {position} does not fit.")
        })?;
        let text = text.trim_start_matches('\u{feff}').to_owned();
        if text.trim().is_empty() {
            return Err("It is empty.".to_owned());
        }
        Ok(Attachment {
            name: name.to_owned(),
            content: Content::Text { text },
        })
    }

    /// An image, by its content and not by its name.
    ///
    /// # Errors
    /// Says why these bytes are none that models take.
    pub fn image(name: &str, bytes: &[u8]) -> Result<Self, String> {
        let Some(media_type) = image_type(bytes) else {
            return Err("By its content it is no PNG, JPEG, GIF or WebP image.".to_owned());
        };
        if bytes.len() > IMAGE_LIMIT {
            return Err("It is larger than an image may be, 3.75 MB (5 MB in base64).".to_owned());
        }
        let content = Content::Image {
            media_type: media_type.into(),
            base64: BASE64.encode(bytes),
        };
        Ok(Attachment {
            name: name.to_owned(),
            content,
        })
    }

    /// Name and size, for people.
    pub fn label(&self) -> String {
        let bytes = match &self.content {
            Content::Text { text } => text.len(),
            Content::Image { base64, .. } => base64.trim_end_matches('=').len() * 3 / 4,
        };
        format!("{} ({})", self.name, size(bytes))
    }

    pub fn is_image(&self) -> bool {
        matches!(self.content, Content::Image { .. })
    }

    /// A text file as it is put before the prompt, with its name, in a fence that nothing in it can
    /// close.
    pub fn quoted(&self) -> Option<String> {
        let Content::Text { text } = &self.content else {
            return None;
        };
        let (_, extension) = self.name.rsplit_once('.').unwrap_or_default();
        let is_word = extension.chars().all(|c| c.is_ascii_alphanumeric());
        let language = if is_word { extension } else { "" };
        Some(format!("{}:\n{}", self.name, fenced(text, language)))
    }

    /// An image as a data URI.
    pub fn data_uri(&self) -> Option<String> {
        let Content::Image { media_type, base64 } = &self.content else {
            return None;
        };
        Some(format!("data:{media_type};base64,{base64}"))
    }
}

/// A text in a fence that nothing in it can close.
pub fn fenced(text: &str, language: &str) -> String {
    let runs = text.split(|character| character != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or_default().max(2) + 1);
    let text = text.trim_end_matches('\n');
    format!("{fence}{language}\n{text}\n{fence}")
}

/// The media type of an image, by the bytes it begins with.
fn image_type(bytes: &[u8]) -> Option<&'static str> {
    let begins = |start: &[u8]| bytes.starts_with(start);
    match bytes {
        _ if begins(b"\x89PNG\r\n\x1a\n") => Some("image/png"),
        _ if begins(b"\xff\xd8\xff") => Some("image/jpeg"),
        _ if begins(b"GIF87a") || begins(b"GIF89a") => Some("image/gif"),
        _ if begins(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") => Some("image/webp"),
        _ => None,
    }
}

/// A number of bytes the way people say it.
fn size(bytes: usize) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n....";

    #[test]
    fn an_image_is_known_by_its_content() {
        for (bytes, kind) in [
            (PNG, "image/png"),
            (b"\xff\xd8\xff\xe0...", "image/jpeg"),
            (b"GIF89a....", "image/gif"),
            (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        ] {
            let uri = Attachment::image("x", bytes).unwrap().data_uri().unwrap();
            assert!(uri.starts_with(&format!("data:{kind};base64,")), "{uri}");
        }
        assert!(
            Attachment::image("x.png", b"not an image")
                .unwrap_err()
                .contains("no PNG")
        );
        // 5,242,880 characters of base64 are as many as the service takes.
        let image =
            |size: usize| Attachment::image("x", &[PNG, &vec![0; size - PNG.len()]].concat());
        assert_eq!(
            image(3_932_160).unwrap().data_uri().unwrap().len(),
            5_242_880 + 22
        );
        assert!(image(3_932_161).unwrap_err().contains("may be, 3.75 MB"));
    }

    #[test]
    fn what_is_no_text_is_refused_with_the_reason() {
        for (bytes, reason) in [
            (PNG.to_vec(), "an image (image/png)"),
            (b"ab\0c".to_vec(), "NUL at byte 2"),
            (b"ab\xff".to_vec(), "byte 2"),
            (b" \n".to_vec(), "empty"),
            (vec![b'a'; TEXT_LIMIT + 1], "may be, 1.0 MB"),
        ] {
            let error = Attachment::text("x", bytes).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_file_with_fences_is_quoted_in_a_longer_one() {
        let quoted = |name, text: &str| {
            Attachment::text(name, text.into())
                .unwrap()
                .quoted()
                .unwrap()
        };
        assert_eq!(quoted("a.rb", "puts 1\n"), "a.rb:\n```rb\nputs 1\n```");
        assert_eq!(
            quoted("README.md", "```\nx\n```\n"),
            "README.md:\n````md\n```\nx\n```\n````"
        );
        assert_eq!(quoted("Makefile", "all:"), "Makefile:\n```\nall:\n```");
    }
}

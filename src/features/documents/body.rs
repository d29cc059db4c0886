//! A document's text and its little structure. Pure: the templates write the tags, so nothing in a
//! body can be anything but text.
//!
//! `# ` and `## ` begin headings, `- ` an item of a list; an empty line ends a paragraph; a line
//! break inside a paragraph stays one. No level of headings is skipped (WCAG 1.3.1): `## ` is a smaller heading only
//! below one that began with `# `.

/// A piece of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading inside the document.
    Heading(String),
    /// A smaller one, below a [`Block::Heading`].
    Subheading(String),
    /// A paragraph, line by line.
    Paragraph(Vec<String>),
    /// A list, item by item.
    List(Vec<String>),
}

/// Takes a body apart.
pub fn blocks(body: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut begins, mut has_heading) = (true, false);
    for line in body.lines().map(str::trim_end) {
        let text = line.trim_start();
        if text.is_empty() {
            begins = true;
        } else if let Some(heading) = text.strip_prefix("## ") {
            let heading = heading.trim().to_owned();
            blocks.push(if has_heading { Block::Subheading(heading) } else { Block::Heading(heading) });
            begins = true;
        } else if let Some(heading) = text.strip_prefix("# ") {
            blocks.push(Block::Heading(heading.trim().to_owned()));
            (begins, has_heading) = (true, true);
        } else if let Some(item) = text.strip_prefix("- ") {
            let item = item.trim().to_owned();
            match blocks.last_mut() {
                Some(Block::List(items)) if !begins => items.push(item),
                _ => blocks.push(Block::List(vec![item])),
            }
            begins = false;
        } else {
            match blocks.last_mut() {
                Some(Block::Paragraph(lines)) if !begins => lines.push(text.to_owned()),
                Some(Block::List(items)) if !begins => {
                    if let Some(item) = items.last_mut() {
                        item.push(' ');
                        item.push_str(text);
                    }
                }
                _ => blocks.push(Block::Paragraph(vec![text.to_owned()])),
            }
            begins = false;
        }
    }
    blocks
}

/// A name for the downloaded file: of the title only what every file system takes (FIL-03).
pub fn file_name(title: &str) -> String {
    let plain: String =
        title.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    let joined = plain.split_whitespace().take(8).collect::<Vec<_>>().join("-");
    format!("{}.txt", if joined.is_empty() { "document" } else { &joined })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_falls_into_headings_paragraphs_and_lists() {
        let body =
            "# Fees\n\nWe charge by visit.\nAsk us.\n\n## How\n- cash\n- card,\n  any kind\n\n- later\n";
        let wanted = [
            Block::Heading("Fees".into()),
            Block::Paragraph(vec!["We charge by visit.".into(), "Ask us.".into()]),
            Block::Subheading("How".into()),
            Block::List(vec!["cash".into(), "card, any kind".into()]),
            Block::List(vec!["later".into()]),
        ];
        assert_eq!(blocks(body), wanted);
        assert!(blocks(" \n\n").is_empty());
    }

    #[test]
    fn no_level_of_headings_is_skipped() {
        let (top, below) =
            (|text: &str| Block::Heading(text.into()), |text: &str| Block::Subheading(text.into()));
        assert_eq!(blocks("## Fees\n## How"), [top("Fees"), top("How")]);
        assert_eq!(blocks("## Fees\n# When\n## How"), [top("Fees"), top("When"), below("How")]);
    }

    #[test]
    fn fil_03_a_title_makes_a_harmless_file_name() {
        assert_eq!(file_name("Notice of Privacy Practices"), "notice-of-privacy-practices.txt");
        assert_eq!(file_name("../../etc/passwd\r\nX: y"), "etc-passwd-x-y.txt");
        assert_eq!(file_name("\u{202e}李"), "document.txt");
    }
}

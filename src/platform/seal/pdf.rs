//! Puts attachments and one signature into a PDF that this program has written, as one last revision (ISO 32000-2,
//! 7.5.6), and checks such a file. Nothing is ever added after the signature. What is read here was written by
//! [`crate::platform::pdf_writer`]: a table of cross-references, and objects outside of streams.

use sha2::{Digest, Sha256};

use super::certificate::{SealKey, Seen};
use super::{SealError, cms};
use crate::kernel::clock::Timestamp;

/// Room for a signature, in bytes: ours has about a thousand.
const ROOM: usize = 4_096;
/// Digits of a number whose value is known only once the file is whole.
const DIGITS: usize = 10;

/// A file inside the file.
#[derive(Clone, Copy, Debug)]
pub struct Attachment<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its media type.
    pub media_type: &'a str,
    /// What it is, for readers.
    pub description: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// What is sealed, by whom and when.
#[derive(Clone, Copy, Debug)]
pub struct Sealing<'a> {
    /// Files that go inside.
    pub attachments: &'a [Attachment<'a>],
    /// Whose seal it is.
    pub name: &'a str,
    /// When.
    pub at: Timestamp,
}

fn failed(what: &str) -> SealError {
    SealError::Failed(what.to_owned())
}

/// A text as a string of PDF: UTF-16 with its mark, in hexadecimal digits, so that nothing in it means anything.
fn text(value: &str) -> String {
    let units: Vec<u8> = value.encode_utf16().flat_map(u16::to_be_bytes).collect();
    format!("<feff{}>", hex::encode(units))
}

/// A name, with every byte that is no letter or digit written as `#xx`.
fn name(value: &str) -> String {
    let byte = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("#{byte:02x}"),
    };
    value.bytes().map(byte).collect()
}

fn find_last(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).rposition(|part| part == what)
}

fn find(within: &[u8], what: &[u8], from: usize) -> Option<usize> {
    let at = within.get(from..)?.windows(what.len()).position(|part| part == what)?;
    Some(from + at)
}

/// The number that follows a word.
fn number_after(within: &[u8], word: &[u8]) -> Option<usize> {
    let at = find(within, word, 0)? + word.len();
    let digits: Vec<u8> = within[at..]
        .iter()
        .copied()
        .skip_while(u8::is_ascii_whitespace)
        .take_while(u8::is_ascii_digit)
        .collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

/// A file of ours, as far as a revision needs to know it.
struct Base<'a> {
    bytes: &'a [u8],
    table: usize,
    size: usize,
    root: usize,
    /// Members of the trailer that stay: `Info` and `ID`.
    rest: Vec<u8>,
}

impl<'a> Base<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let table = number_after(&bytes[find_last(bytes, b"startxref")?..], b"startxref")?;
        let trailer = find(bytes, b"trailer", table)?;
        let dictionary = &bytes[trailer..find(bytes, b"startxref", trailer)?];
        let size = number_after(dictionary, b"/Size")?;
        let root = number_after(dictionary, b"/Root")?;
        let from = |word: &[u8]| find(dictionary, word, 0);
        let mut rest = Vec::new();
        if let Some(info) = number_after(dictionary, b"/Info") {
            rest.extend(format!("/Info {info} 0 R ").into_bytes());
        }
        if let Some(at) = from(b"/ID") {
            let end = find(dictionary, b"]", at)? + 1;
            rest.extend_from_slice(&dictionary[at..end]);
        }
        Some(Self { bytes, table, size, root, rest })
    }

    /// The dictionary of an object, without its brackets.
    fn dictionary(&self, number: usize) -> Option<&'a [u8]> {
        // "xref\n0 SIZE\n", then 20 bytes an object.
        let first = find(self.bytes, b"\n", self.table + b"xref\n".len())? + 1;
        let entry = self.bytes.get(first + 20 * number..first + 20 * number + 10)?;
        let at: usize = std::str::from_utf8(entry).ok()?.parse().ok()?;
        let head = format!("{number} 0 obj");
        self.bytes.get(at..)?.strip_prefix(head.as_bytes())?;
        let open = find(self.bytes, b"<<", at)? + 2;
        let end = find(self.bytes, b"endobj", open)?;
        let close = open + find_last(&self.bytes[open..end], b">>")?;
        Some(&self.bytes[open..close])
    }

    /// The number of the first page.
    fn first_page(&self) -> Option<usize> {
        let mut at = number_after(self.dictionary(self.root)?, b"/Pages")?;
        // A tree of pages has few floors; one that goes round has none of ours.
        for _ in 0..16 {
            match number_after_bracket(self.dictionary(at)?) {
                Some(kid) => at = kid,
                None => return Some(at),
            }
        }
        None
    }
}

/// The first of `/Kids [`.
fn number_after_bracket(dictionary: &[u8]) -> Option<usize> {
    let kids = find(dictionary, b"/Kids", 0)?;
    number_after(&dictionary[kids..], b"[")
}

/// The last revision, object by object.
struct Revision {
    out: Vec<u8>,
    /// Number and place of each object.
    objects: Vec<(usize, usize)>,
}

impl Revision {
    fn object(&mut self, number: usize, parts: &[&[u8]]) {
        self.objects.push((number, self.out.len()));
        self.out.extend(format!("{number} 0 obj\n").into_bytes());
        for part in parts {
            self.out.extend_from_slice(part);
        }
        self.out.extend_from_slice(b"\nendobj\n");
    }
}

/// Seals a file.
pub fn seal(file: &[u8], sealing: Sealing<'_>, key: &SealKey) -> Result<Vec<u8>, SealError> {
    if sealing.at < key.not_before || sealing.at >= key.not_after {
        return Err(SealError::NotValid);
    }
    let base = Base::read(file).ok_or_else(|| failed("the file is none of ours"))?;
    let page = base.first_page().ok_or_else(|| failed("the file has no page"))?;
    let catalog = base.dictionary(base.root).ok_or_else(|| failed("the file has no catalog"))?;
    let page_dictionary = base.dictionary(page).ok_or_else(|| failed("the file has no page"))?;
    let mut next = base.size;
    let mut take = || {
        next += 1;
        next - 1
    };
    let mut revision = Revision { out: file.to_vec(), objects: Vec::new() };
    if !revision.out.ends_with(b"\n") {
        revision.out.push(b'\n');
    }
    let (mut names, mut files) = (String::new(), String::new());
    let mut attachments: Vec<&Attachment<'_>> = sealing.attachments.iter().collect();
    // A name tree stands in the order of its names.
    attachments.sort_by_key(|attachment| attachment.name);
    for attachment in attachments {
        let (stream, specification) = (take(), take());
        let head = format!(
            "<< /Type /EmbeddedFile /Subtype /{} /Params << /Size {} >> /Length {} >>\nstream\n",
            name(attachment.media_type),
            attachment.bytes.len(),
            attachment.bytes.len()
        );
        revision.object(stream, &[head.as_bytes(), attachment.bytes, b"\nendstream"]);
        let about = format!(
            "<< /Type /Filespec /F ({0}) /UF {1} /Desc {2} /AFRelationship /Data /EF << /F {stream} 0 R /UF {stream} 0 R >> >>",
            attachment.name,
            text(attachment.name),
            text(attachment.description)
        );
        revision.object(specification, &[about.as_bytes()]);
        names.push_str(&format!("({}) {specification} 0 R ", attachment.name));
        files.push_str(&format!("{specification} 0 R "));
    }
    let (field, signature) = (take(), take());
    let more = format!(
        "/AcroForm << /SigFlags 3 /Fields [{field} 0 R] >> /Perms << /DocMDP {signature} 0 R >> \
         /Names << /EmbeddedFiles << /Names [{names}] >> >> /AF [{files}]"
    );
    revision.object(base.root, &[b"<< ", catalog, b" ", more.as_bytes(), b" >>"]);
    let annotations = format!("/Annots [{field} 0 R]");
    revision.object(page, &[b"<< ", page_dictionary, b" ", annotations.as_bytes(), b" >>"]);
    // Hidden and locked: the certificate page says in words what a picture here would.
    let widget = format!(
        "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Seal) /V {signature} 0 R /P {page} 0 R /F 130 /Rect [0 0 0 0] >>"
    );
    revision.object(field, &[widget.as_bytes()]);
    let blank = "0".repeat(DIGITS);
    let head = format!(
        "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (D:{}) /Name {} \
         /Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /Type /TransformParams /P 1 /V /1.2 >> >>] \
         /ByteRange [0 {blank} {blank} {blank}] /Contents <",
        sealing.at.timestamp().strftime("%Y%m%d%H%M%SZ"),
        text(sealing.name),
    );
    let zeros = "0".repeat(2 * ROOM);
    revision.object(signature, &[head.as_bytes(), zeros.as_bytes(), b"> >>"]);
    let Revision { mut out, mut objects } = revision;
    let contents = find_last(&out, b"/Contents <").ok_or_else(|| failed("no room for a signature"))? + 10;
    let after = contents + 2 * ROOM + 2;
    objects.sort_unstable();
    let table = out.len();
    out.extend_from_slice(b"xref\n");
    for (number, at) in &objects {
        out.extend(format!("{number} 1\n{at:010} 00000 n \n").into_bytes());
    }
    out.extend(
        format!("trailer\n<< /Size {next} /Root {} 0 R /Prev {} ", base.root, base.table).into_bytes(),
    );
    out.extend_from_slice(&base.rest);
    out.extend(format!(" >>\nstartxref\n{table}\n%%EOF\n").into_bytes());
    let range = format!("/ByteRange [0 {contents:010} {after:010} {:010}]", out.len() - after);
    let at = find_last(&out, b"/ByteRange [").ok_or_else(|| failed("no room for a range"))?;
    out[at..at + range.len()].copy_from_slice(range.as_bytes());
    let made = cms::sign(key, &digest_of(&out[..contents], &out[after..]))?;
    let made = hex::encode(made);
    if made.len() > 2 * ROOM {
        return Err(failed("the signature is too long"));
    }
    out[contents + 1..contents + 1 + made.len()].copy_from_slice(made.as_bytes());
    Ok(out)
}

fn digest_of(before: &[u8], after: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(before).chain_update(after).finalize().into()
}

/// What a check of a file's seal came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// The whole file is what was sealed, with this certificate.
    Whole(Seen),
    /// It has a seal, and is not what was sealed.
    Changed,
    /// It has no seal.
    NoSeal,
}

/// Checks the seal of a file. Reads nothing but the file.
pub fn check(file: &[u8]) -> Checked {
    let Some(at) = find_last(file, b"/SubFilter /ETSI.CAdES.detached") else { return Checked::NoSeal };
    whole(file, at).map_or(Checked::Changed, Checked::Whole)
}

fn whole(file: &[u8], at: usize) -> Option<Seen> {
    let open = find(file, b"/ByteRange [", at)? + b"/ByteRange [".len();
    let close = find(file, b"]", open)?;
    let numbers: Vec<usize> = std::str::from_utf8(&file[open..close])
        .ok()?
        .split_ascii_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let [0, contents, after, rest] = numbers[..] else { return None };
    // All but the signature itself, to the very end of the file.
    let is_all = contents < after && after.checked_add(rest)? == file.len();
    let signature = file.get(contents..after)?.strip_prefix(b"<")?.strip_suffix(b">")?;
    let is_its_own = find(file, b"/Contents <", close)? + b"/Contents ".len() == contents;
    if !is_all || !is_its_own {
        return None;
    }
    let bytes = hex::decode(signature).ok()?;
    // Written in one way only, so that no digit can be another.
    if hex::encode(&bytes).as_bytes() != signature {
        return None;
    }
    cms::check(&bytes, &digest_of(&file[..contents], &file[after..]))
}

/// The objects of the last revision: number and place, as its table says. What attachments hold may look like objects.
fn last_objects(file: &[u8]) -> Option<Vec<(usize, usize)>> {
    let table = number_after(&file[find_last(file, b"startxref")?..], b"startxref")?;
    let mut rest = file.get(table..)?.strip_prefix(b"xref\n")?;
    let mut objects = Vec::new();
    while !rest.starts_with(b"trailer") {
        // "NUMBER 1\n", then 20 bytes.
        let end = find(rest, b" 1\n", 0)?;
        let number = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
        let (entry, after) = rest[end + 3..].split_at_checked(20)?;
        objects.push((number, std::str::from_utf8(&entry[..10]).ok()?.parse().ok()?));
        rest = after;
    }
    Some(objects)
}

/// The bytes of a file inside the file, by its name.
pub fn attachment<'a>(file: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    let objects = last_objects(file)?;
    let body =
        |number: usize, at: usize| file.get(at..)?.strip_prefix(format!("{number} 0 obj\n").as_bytes());
    let head = format!("<< /Type /Filespec /F ({wanted}) ");
    let specification =
        objects.iter().find_map(|(number, at)| body(*number, *at)?.strip_prefix(head.as_bytes()))?;
    let stream = number_after(specification, b"/EF << /F")?;
    let (number, at) = objects.iter().find(|(number, _)| *number == stream)?;
    let object = body(*number, *at)?;
    let from = find(object, b">>\nstream\n", 0)? + b">>\nstream\n".len();
    let length = number_after(&object[..from], b"/Length")?;
    object.get(from..from.checked_add(length)?)
}

#[cfg(test)]
mod tests {
    use super::super::certificate;
    use super::*;
    use crate::platform::pdf_writer::{self, Block, Content, Weight};

    const NOW: Timestamp = Timestamp::from_micros(1_796_000_000_000_000);

    fn sealed(key: &SealKey) -> Vec<u8> {
        let content = Content {
            title: "Lantern agreement".into(),
            language: "en".into(),
            blocks: vec![
                Block::Heading(1, "Lantern agreement".into()),
                Block::Paragraph(Weight::Regular, "We agree. Żółć Müßig-O'Neill".into()),
            ],
        };
        let file = pdf_writer::write(&content, |page, of| format!("{page}/{of}")).unwrap();
        let attachments = [
            Attachment {
                name: "evidence.json",
                media_type: "application/json",
                description: "Evidence",
                bytes: b"{\"v\":1}",
            },
            Attachment {
                name: "document.txt",
                media_type: "text/plain",
                description: "Text",
                bytes: b"We agree.",
            },
        ];
        seal(&file, Sealing { attachments: &attachments, name: "Riverbend (Żółć)", at: NOW }, key).unwrap()
    }

    #[test]
    fn case_51_a_sealed_file_is_whole_and_with_one_changed_byte_it_is_not() {
        let key = certificate::make("Riverbend Counseling", NOW).unwrap();
        let file = sealed(&key);
        let seen = certificate::read(&key.certificate).unwrap();
        assert_eq!(check(&file), Checked::Whole(seen));
        assert_eq!(attachment(&file, "evidence.json"), Some(b"{\"v\":1}".as_slice()));
        assert_eq!(attachment(&file, "document.txt"), Some(b"We agree.".as_slice()));
        assert_eq!(attachment(&file, "other"), None);
        // Bytes in every part of the file, the signature among them.
        for at in (0..file.len()).step_by(97).chain(file.len() - 40..file.len()) {
            let mut changed = file.clone();
            changed[at] ^= 0x01;
            assert!(!matches!(check(&changed), Checked::Whole(_)), "byte {at}");
        }
        assert_eq!(check(&file[..file.len() - 1]), Checked::Changed, "cut");
        assert_eq!(check(&[file.as_slice(), b"% more\n"].concat()), Checked::Changed, "added to");
        assert_eq!(check(b"%PDF-1.7 nothing"), Checked::NoSeal);
    }

    #[test]
    fn what_an_attachment_holds_is_not_taken_for_a_part_of_the_file() {
        let key = certificate::make("Riverbend Counseling", NOW).unwrap();
        let base = pdf_writer::write(
            &Content {
                title: "Plan".into(),
                language: "en".into(),
                blocks: vec![Block::Heading(1, "Plan".into())],
            },
            |page, of| format!("{page}/{of}"),
        );
        // The first one imitates the other, and both imitate objects and the end of a file.
        let imitation = b"x\n9 0 obj\n<< /Type /EmbeddedFile /Length 1 >>\nstream\ny\nendstream\nendobj\n\
            << /Type /Filespec /F (b.json) /EF << /F 9 0 R >> >>\nstartxref\n5\n%%EOF\n/ByteRange [0 1 2 3]"
            .as_slice();
        let attachments = ["a.txt", "b.json"].map(|name| Attachment {
            name,
            media_type: "text/plain",
            description: "/Contents <00>",
            bytes: if name == "a.txt" { imitation } else { b"/Type /Filespec /F (a.txt) /EF << /F 1" },
        });
        let sealing = Sealing { attachments: &attachments, name: "/SubFilter /ETSI.CAdES.detached", at: NOW };
        let file = seal(&base.unwrap(), sealing, &key).unwrap();
        assert!(matches!(check(&file), Checked::Whole(_)));
        for wanted in &attachments {
            assert_eq!(attachment(&file, wanted.name), Some(wanted.bytes), "{}", wanted.name);
        }
    }

    #[test]
    fn case_49_a_certificate_seals_only_while_it_is_valid_and_verifies_afterwards() {
        let key = certificate::make("Riverbend Counseling", NOW).unwrap();
        let file = sealed(&key);
        for at in [key.not_before.plus_seconds(-1), key.not_after] {
            let sealing = Sealing { attachments: &[], name: "Riverbend", at };
            assert_eq!(seal(&file, sealing, &key), Err(SealError::NotValid));
        }
        assert!(matches!(check(&file), Checked::Whole(_)), "whatever the day is");
    }

    /// Where they are installed, other programs say the same.
    #[test]
    fn case_46_other_programs_call_the_signature_valid_and_the_file_clean() {
        let run = |program: &str, args: &[&str], path: &std::path::Path| {
            let out =
                std::process::Command::new(program).args(args).arg(path).env("LC_ALL", "C").output().ok()?;
            Some((
                out.status.success(),
                format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr)),
            ))
        };
        let key = certificate::make("Riverbend Counseling", NOW).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sealed.pdf");
        let mut file = sealed(&key);
        std::fs::write(&path, &file).unwrap();
        match run("pdfsig", &["-nocert"], &path) {
            Some((_, told)) => {
                assert!(
                    told.contains("Signature is Valid.") && told.contains("Total document signed"),
                    "{told}"
                );
                assert!(told.contains("ETSI.CAdES.detached") && !told.contains("Signature #2"), "{told}");
            }
            None => eprintln!("not checked: pdfsig is not installed"),
        }
        match run("qpdf", &["--check"], &path) {
            Some((is_clean, told)) => assert!(is_clean, "{told}"),
            None => eprintln!("not checked: qpdf is not installed"),
        }
        let at = find_last(&file, b"We agree.").unwrap();
        file[at] ^= 0x01;
        std::fs::write(&path, &file).unwrap();
        if let Some((_, told)) = run("pdfsig", &["-nocert"], &path) {
            assert!(told.contains("Digest Mismatch"), "{told}");
        }
    }
}

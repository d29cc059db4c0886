//! Pictures of insurance cards, as a phone makes them.

use super::{Browser, Page};

/// What a phone writes beside a picture (Exif): it has to be turned to the right, and where it was taken.
pub fn exif() -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0".to_vec();
    exif.extend_from_slice(b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0");
    exif.extend_from_slice(b"\x25\x88\x04\0\x01\0\0\0\x2a\0\0\0\0\0\0\0GPS 40.7128 N 74.0060 W");
    exif
}

/// 2 by 1 points, with what a phone writes beside them.
pub fn sample_jpeg() -> Vec<u8> {
    let exif = exif();
    let mut file = vec![0xff, 0xd8];
    let mut segment = |marker: u8, body: &[u8]| {
        let length = u16::try_from(body.len() + 2).unwrap_or(u16::MAX).to_be_bytes();
        file.extend_from_slice(&[0xff, marker]);
        file.extend_from_slice(&length);
        file.extend_from_slice(body);
    };
    segment(0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0");
    segment(0xe1, &exif);
    segment(0xfe, b"made by a phone");
    segment(0xdb, &[0; 65]);
    segment(0xc0, &[8, 0, 1, 0, 2, 1, 1, 0x11, 0]);
    segment(0xc4, &[0; 18]);
    segment(0xda, &[1, 1, 0, 0, 63, 0]);
    file.extend_from_slice(&[0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56, 0xff, 0xd9]);
    file.extend_from_slice(b"and what was hidden behind the end");
    file
}

/// Sends the form of a coverage with these pictures: the field, the name that the phone gives, and the bytes.
pub async fn send_insurance(
    browser: &mut Browser,
    position: &str,
    changes: &[(&str, &str)],
    pictures: &[(&str, &str, &[u8])],
) -> Page {
    let path = format!("/portal/insurance/{position}");
    let page = browser.get(&path).await;
    send_again(browser, &page, &path, changes, pictures).await
}

/// The same by a form that is open already.
pub async fn send_again(
    browser: &mut Browser,
    page: &Page,
    path: &str,
    changes: &[(&str, &str)],
    pictures: &[(&str, &str, &[u8])],
) -> Page {
    const BOUNDARY: &str = "----anteroom-cards";
    let mut fields = page.form(path).fields.clone();
    fields.retain(|(name, _)| !["front", "back"].contains(&name.as_str()));
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        fields.push(((*name).to_owned(), (*value).to_owned()));
    }
    let mut body = Vec::new();
    for (name, value) in &fields {
        body.extend(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                .into_bytes(),
        );
    }
    for (name, file, bytes) in pictures {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\
             Content-Type: image/jpeg\r\n\r\n"
        );
        body.extend(head.into_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    browser.send("POST", path, Some((&kind, &body))).await
}

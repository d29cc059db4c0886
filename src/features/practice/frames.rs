//! The frames that know a practice.

use crate::features::practice::{Practice, PublicPractice};
use crate::platform::i18n::Words;
use crate::platform::state::AppState;
use crate::platform::web::error_pages::Face;
use crate::platform::web::frame::{ClientFrame, Contact, StaffFrame};

impl Practice {
    /// How to reach it.
    pub fn contact(&self) -> Contact {
        Contact {
            phone: self.phone.clone(),
            text_phone: self.text_phone.clone(),
            email: self.email.clone(),
            website: self.website.clone(),
            postal_address: self.postal_address.clone(),
        }
    }

    /// Its name and contact block, for the page of an error.
    pub fn face(&self) -> Face {
        Face {
            name: self.name.clone(),
            slug: self.slug.clone(),
            accent: self.accent.clone(),
            contact: self.contact(),
        }
    }

    /// Around a page of the client side before sign-in, and the base of one after
    /// ([`ClientFrame::inside`]).
    pub fn client_frame(&self, words: Words) -> ClientFrame {
        ClientFrame::bare(words, &self.name, &self.slug, &self.accent, self.contact())
    }

    /// The contact block as lines, for a mail.
    pub fn contact_lines(&self, words: Words) -> Vec<String> {
        [
            ("letter-contact-phone", &self.phone),
            ("letter-contact-text", &self.text_phone),
            ("letter-contact-email", &self.email),
            ("letter-contact-web", &self.website),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| words.with1(key, "value", value))
        .collect()
    }
}

impl PublicPractice {
    /// The frame around a client's page before sign-in, with its toast.
    pub fn client_frame(&self, _: &AppState) -> ClientFrame {
        self.practice.client_frame(self.words).with_done(self.done.as_deref())
    }

    /// The frame around a staff page before sign-in, with its toast.
    pub fn staff_frame(&self) -> StaffFrame {
        let practice = &self.practice;
        StaffFrame::outside(self.words, &practice.name, &practice.slug, &practice.accent)
            .with_done(self.done.as_deref())
    }
}

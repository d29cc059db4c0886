# Words of: charts.

charts-tab-face-sheet = Face sheet
charts-tab-appointments = Appointments
charts-tab-documents = Documents
charts-tab-billing = Billing
charts-tab-communications = Communications
charts-tabs = Tabs of this chart
charts-age = { $years ->
    [0] under a year
    [one] 1 year
   *[other] { $years } years
}
charts-head-born = { $age } · { $date }
charts-head-no-birth-date = No birth date
charts-head-closed = Closed
charts-head-number = Chart { $number }
charts-head-called = Called { $name }

charts-label-chart_number = Chart number
charts-label-first_name = First name
charts-label-middle_name = Middle name
charts-label-last_name = Last name
charts-label-suffix = Suffix
charts-label-former_last_names = Former last names
charts-label-preferred_name = Preferred name
charts-label-pronouns = Pronouns
charts-label-birth = Date of birth
charts-label-language = Language
charts-label-time_zone = Time zone
charts-label-email = E-mail
charts-label-phone = Phone
charts-label-relation = Relation
charts-label-contacts = Related contacts

charts-wrong-name-missing = Enter a first or last name
charts-wrong-too-long = { $field }: at most { $most } characters
charts-wrong-unprintable = { $field }: there is a character in it that cannot be shown; type it again instead of pasting it
charts-wrong-birth-incomplete = Date of birth: enter month, day and year
charts-wrong-birth-malformed = Date of birth: use numbers, and four digits for the year
charts-wrong-birth-no-such-day = Date of birth: there is no such day
charts-wrong-birth-future = Date of birth: this day lies in the future
charts-wrong-birth-too-old = Date of birth: the year is before 1900
charts-wrong-email = Enter an e-mail address like name@example.org
charts-wrong-email-too-long = An e-mail address has at most 254 characters
charts-wrong-phone = Enter a phone number of 5 to 20 digits
charts-wrong-twice = This one stands here twice
charts-wrong-language = Choose a language from the list
charts-wrong-time-zone = Choose a time zone from the list
charts-wrong-number-taken = Another chart has this number
charts-wrong-number-missing = Enter the chart number
charts-wrong-too-many = { $field }: at most { $most }
charts-wrong-relation-missing = Say how this person is related to the client
charts-wrong-is-owner = A contact who is the chart owner cannot be removed. Change the ownership first, under Communications.
charts-wrong-has-access = A contact with portal access to this chart cannot be removed. Revoke the access first, under Communications.

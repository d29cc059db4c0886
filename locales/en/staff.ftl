# Words of: staff.
staff-sign-in-title = Staff sign-in
staff-sign-in = Sign in
staff-email = E-mail
staff-password = Password
staff-forgot = Forgot your password?
staff-error-email-missing = Enter your e-mail address.
staff-error-password-missing = Enter your password.
staff-error-sign-in = This e-mail address and password do not go together. Check both and try again.
staff-error-paused = There were too many tries. For safety, sign-in is paused until { $time }. It opens again by itself.
staff-which-title = Which practice do you work for?
staff-which-label = Practice's short name
staff-which-hint = It stands in the address of your practice's portal, after the slash.
staff-error-no-such-practice = We do not know a practice of that name. Check the spelling.

"""The customer's pages: on to Elsom, back from Elsom, and how the payment stands.

routes        what each address does
state         what a page says about a payment
texts         the words, in Kyrgyz, Russian and English
html          the words as a page
destinations  where a customer may be sent on to
responses     the page with its headers
"""

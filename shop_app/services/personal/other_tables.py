"""Tables that say nothing about shoppers: the catalogue, settings, amounts and units, and what staff have."""

from __future__ import annotations

from sqlmodel import SQLModel

from ...models import (
    AuditErasure,
    Category,
    CategoryRedirect,
    Collection,
    CollectionProduct,
    Counter,
    Erasure,
    ExpectedDelivery,
    LegalText,
    ListingChange,
    ListingFacet,
    ListingItem,
    ListingVariant,
    ListPreference,
    Maker,
    OneTimeCodes,
    OptionValue,
    OrderDiscount,
    OrderTaxLine,
    PaymentEvent,
    Picture,
    Presence,
    PriceHistory,
    Product,
    ProductOption,
    ProductPicture,
    ProductTag,
    Promotion,
    PromotionCode,
    PromotionLane,
    Reason,
    RecoveryCode,
    RefundLine,
    ReturnLine,
    SecondFactorRule,
    SetUpToken,
    ShipmentLine,
    ShippingMethod,
    ShippingRate,
    ShippingZone,
    ShopProfile,
    SlugRedirect,
    Staff,
    StaffInvitation,
    StaffRole,
    StockLevel,
    StockReserve,
    Stocktake,
    StocktakeLine,
    Synonym,
    Tag,
    TaxClass,
    TaxQuote,
    TaxRate,
    UntaxedPlace,
    Variant,
    VariantOption,
    VariantPicture,
    ZoneCountry,
)

OTHER_TABLES: dict[type[SQLModel], str] = {
    AuditErasure: "id reason",
    Category: "id parent_id slug title description picture_id picture_alt position version",
    CategoryRedirect: "slug category_id",
    Collection: "id slug title description picture_id picture_alt by_rule rule version",
    CollectionProduct: "collection_id product_id position",
    Counter: "name value",
    Erasure: "id digests at",
    ExpectedDelivery: "id variant_id supplier units expected_on actor created_at",
    LegalText: "id page version title lead body actor created_at",
    ListPreference: "staff_id list_name columns density",
    ListingChange: "id stamp product_ids",
    ListingFacet: "product_id name value label swatch",
    ListingItem: (
        "product_id slug title category_id price_minor price_max_minor compare_at_minor on_sale in_stock "
        "sold_count rating_milli review_count published_at card"
    ),
    ListingVariant: "product_id place variant_id sku price_minor compare_at_minor in_stock options picture",
    Maker: "id name address contact responsible_name responsible_address responsible_contact version",
    OptionValue: "id option_id value swatch position",
    OrderDiscount: "id order_id line_id promotion_id code label amount_minor",
    OrderTaxLine: "id order_id line_id label rate_ppm base_minor amount_minor included",
    PaymentEvent: "id payment_id kind amount_minor provider_reference at",
    Picture: "id key source width height colour created_at",
    PriceHistory: "id variant_id currency price_minor compare_at_minor recorded_at",
    Product: (
        "id slug handle title subtitle description_html description_md care materials dimensions_mm "
        "attributes vendor kind status published_at publish_at category_id maker_id brand model "
        "guarantee_months guarantor guarantee_terms tax_class seo_title seo_description extra sold_count "
        "review_count stars_sum created_at updated_at version"
    ),
    ProductOption: "id product_id name position",
    ProductPicture: "id product_id picture_id alt position focus_x focus_y",
    ProductTag: "product_id tag_id",
    Promotion: (
        "id name kind percent amount_minor automatic buy_quantity get_quantity gift_variant_id lane "
        "minimum_minor minimum_quantity first_order conditions starts_at ends_at usage_limit "
        "per_customer_limit used budget_minor spent_minor active created_at version"
    ),
    PromotionCode: "code promotion_id usage_limit used",
    PromotionLane: "code label position on_discounted",
    Reason: "id kind code label position active version",
    RefundLine: "id refund_id order_line_id quantity amount_minor restocked",
    ReturnLine: "return_id order_line_id quantity quantity_received quantity_restocked",
    SecondFactorRule: "role",
    SetUpToken: "id token_hash expires_at",
    ShipmentLine: "shipment_id order_line_id quantity",
    ShippingMethod: (
        "id zone_id code kind label note price_minor free_above_minor min_days max_days active position "
        "version"
    ),
    ShippingRate: "method_id up_to_grams price_minor",
    ShippingZone: "id name version",
    ShopProfile: (
        "id version created_at updated_at name logo_key legal_name address represented_by register_entry "
        "vat_number sender_email contact_email returns_email phone returns_address opening_hours lead "
        "promises announcement announcement_href announcement_from announcement_until announcement_on "
        "footer_about footer_links social_links guarantee_notice hero_title hero_lead sale_title sale_text "
        "story_title story currency country region time_zone locale prices_include_tax bank_account "
        "transfer_days hold_minutes capture terms_version cart_reminder_hours review_request_days "
        "review_requests_need_consent"
    ),
    SlugRedirect: "slug product_id",
    StaffRole: "code label permissions built_in created_at version",
    StockLevel: "variant_id on_hand allocated held low_at policy backorder_on",
    StockReserve: "variant_id units",
    Stocktake: "id actor problems started_at",
    StocktakeLine: "stocktake_id variant_id units on_hand counted_at",
    Synonym: "word meaning",
    Tag: "id name",
    TaxClass: "code label",
    TaxQuote: "id country region postal_code tax_class label rate_ppm asked_at",
    TaxRate: "id country region tax_class label rate_ppm valid_from version",
    UntaxedPlace: "country region",
    Variant: (
        "id product_id sku barcode title currency price_minor compare_at_minor cost_minor weight_grams "
        "contents contents_unit requires_shipping active position version"
    ),
    VariantOption: "variant_id option_id value_id",
    VariantPicture: "variant_id product_picture_id position",
    ZoneCountry: "country zone_id",
    # Of the people who work in the shop, not of its shoppers.
    Staff: "id email name role password_hash active created_at",
    StaffInvitation: "id email role token_hash invited_by_id created_at expires_at",
    OneTimeCodes: "staff_id sealed_secret last_step confirmed_at created_at",
    RecoveryCode: "id staff_id code_hash created_at used_at",
    Presence: "record tab actor name seen_at",
}
"""Every column of each of these tables."""

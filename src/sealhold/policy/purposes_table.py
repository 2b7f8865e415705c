"""The purposes of the W3C Data Privacy Vocabulary 2.3: term, its broader terms, our words.

- 121 terms; eleven have two broader terms. An empty tuple: the term stands directly below the root
  `Purpose`, which itself is no purpose that anybody may ask under.
- `RightsFulfilment` has its one broader term among the legal bases, so it stands alone here.
- The words are ours, not the vocabulary's; each completes "They want to ...".

Source: https://w3id.org/dpv, version 2.3, term names and `hasBroader` of the class `Purpose`.
"""

from typing import Final

TERMS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    # accounts, customers, communication
    "AccountManagement": ((), "run your account with them"),
    "CommunicationManagement": ((), "organise how they write or talk to you"),
    "CommunicationForCustomerCare": (
        ("CommunicationManagement", "CustomerCare"),
        "write or talk to you to help you as a customer",
    ),
    "CustomerManagement": ((), "look after their customers"),
    "CustomerCare": (("CustomerManagement",), "help you as their customer"),
    "CustomerClaimsManagement": (("CustomerManagement",), "handle claims that customers make"),
    "CustomerOrderManagement": (("CustomerManagement",), "handle what customers order"),
    "CustomerRelationshipManagement": (("CustomerManagement",), "keep in touch with customers"),
    "ImproveInternalCRMProcesses": (
        ("CustomerRelationshipManagement", "OptimisationForController"),
        "improve how they deal with customers",
    ),
    "CustomerSolvencyMonitoring": (("CustomerManagement",), "watch whether customers can pay"),
    "RecordManagement": ((), "keep their records in order"),
    # commerce and its opposite
    "CommercialPurpose": ((), "earn money with it"),
    "NonCommercialPurpose": ((), "serve an aim that earns no money"),
    # agreements and duties
    "EstablishContractualAgreement": ((), "make a contract with you"),
    "FulfilmentOfObligation": ((), "do what they are bound to do"),
    "FulfilmentOfContractualObligation": (
        ("FulfilmentOfObligation",),
        "do what a contract asks of them",
    ),
    "LegalCompliance": (("FulfilmentOfObligation",), "do what a law asks of them"),
    "ProtectionOfIPR": (("FulfilmentOfObligation",), "protect works, brands and inventions"),
    "RightsFulfilment": ((), "answer people who use their rights"),
    # security
    "EnforceSecurity": ((), "keep things safe from misuse"),
    "EnforceAccessControl": (("EnforceSecurity",), "let in only who may come in"),
    "IdentityAuthentication": (("EnforceSecurity",), "make sure at sign-in that it is you"),
    "MisusePreventionAndDetection": (("EnforceSecurity",), "prevent and find misuse"),
    "FraudPreventionAndDetection": (
        ("MisusePreventionAndDetection",),
        "prevent and find fraud",
    ),
    "CounterMoneyLaundering": (("FraudPreventionAndDetection",), "find laundered money"),
    "MaintainFraudDatabase": (("FraudPreventionAndDetection",), "keep a list of known fraud"),
    "Verification": (("EnforceSecurity",), "check that something is true"),
    "AgeVerification": (("Verification",), "check how old you are"),
    "IdentityVerification": (("Verification",), "check who you are"),
    # the people who work there
    "HumanResourceManagement": ((), "manage the people who work for them"),
    "PersonnelManagement": (("HumanResourceManagement",), "manage staff"),
    "PersonnelPayment": (("PersonnelManagement",), "work out and pay wages and bonuses"),
    "PersonnelOffboarding": (("PersonnelManagement",), "settle what is open when staff leave"),
    "PersonnelPromotionManagement": (("PersonnelManagement",), "decide who is promoted"),
    "PersonnelTerminationManagement": (("PersonnelManagement",), "end people's employment"),
    "PersonnelWorkloadManagement": (("PersonnelManagement",), "share out work among staff"),
    "PersonnelMonitoring": (("PersonnelManagement",), "watch staff"),
    "PersonnelBehaviourMonitoring": (("PersonnelMonitoring",), "watch how staff behave"),
    "PersonnelPerformanceManagement": (
        ("PersonnelManagement", "PersonnelMonitoring"),
        "manage how well staff work",
    ),
    "PersonnelPerformanceEvaluation": (
        ("PersonnelPerformanceManagement",),
        "judge how well staff work",
    ),
    "PersonnelPerformanceMonitoring": (
        ("PersonnelMonitoring", "PersonnelPerformanceManagement"),
        "watch how well staff work",
    ),
    "PersonnelPerformancePrediction": (
        ("PersonnelPerformanceManagement",),
        "foretell how well staff will work",
    ),
    "PersonnelHiring": (("PersonnelManagement",), "hire people"),
    "PersonnelOnboarding": (("PersonnelHiring",), "get new staff started"),
    "RecruitmentAdvertising": (("Advertising", "PersonnelHiring"), "advertise open jobs"),
    "RecruitmentTargetedAdvertising": (
        ("RecruitmentAdvertising", "TargetedAdvertising"),
        "show open jobs to people picked for them",
    ),
    "RecruitmentManagement": (("PersonnelHiring",), "find new staff"),
    "RecruitmentApplicantBackgroundCheck": (
        ("RecruitmentManagement",),
        "look into the past of people who apply for a job",
    ),
    "RecruitmentApplicantCriminalBackgroundCheck": (
        ("RecruitmentManagement",),
        "look for a criminal past of people who apply for a job",
    ),
    "RecruitmentApplicantInformationAuthentication": (
        ("RecruitmentManagement",),
        "check what people who apply for a job say of themselves",
    ),
    "RecruitmentApplicantSelection": (("RecruitmentManagement",), "choose who gets a job"),
    "RecruitmentApplicationManagement": (("RecruitmentManagement",), "handle job applications"),
    "RecruitmentApplicationAnalysis": (
        ("RecruitmentApplicationManagement",),
        "study job applications",
    ),
    "RecruitmentApplicationScreening": (
        ("RecruitmentApplicationManagement",),
        "sort job applications",
    ),
    "RecruitmentInterviewManagement": (("RecruitmentManagement",), "organise job interviews"),
    "RecruitmentInterviewAnalysis": (
        ("RecruitmentInterviewManagement",),
        "study job interviews",
    ),
    "RecruitmentInterviewAssessment": (
        ("RecruitmentInterviewManagement",),
        "judge people by their job interview",
    ),
    "RecruitmentInterviewScheduling": (
        ("RecruitmentInterviewManagement",),
        "find a time for a job interview",
    ),
    # advertising
    "Marketing": ((), "promote what they offer"),
    "Advertising": (("Marketing",), "advertise"),
    "PersonalisedAdvertising": (
        ("Advertising", "Personalisation"),
        "fit advertising to you",
    ),
    "TargetedAdvertising": (
        ("PersonalisedAdvertising",),
        "pick you as a target for advertising",
    ),
    "PoliticalCampaign": (("Advertising", "Personalisation"), "campaign for a political aim"),
    "DirectMarketing": (("Marketing",), "send advertising to you directly"),
    "PublicRelations": (("Marketing",), "care for how the public sees them"),
    "SocialMediaMarketing": (("Marketing",), "promote themselves on social media"),
    # running the organisation
    "OrganisationGovernance": ((), "run their organisation"),
    "DisputeManagement": (("OrganisationGovernance",), "settle disputes"),
    "MemberPartnerManagement": (("OrganisationGovernance",), "look after members and partners"),
    "OrganisationComplianceManagement": (
        ("OrganisationGovernance",),
        "make sure that they keep to rules",
    ),
    "OrganisationRiskManagement": (("OrganisationGovernance",), "manage their risks"),
    "VendorManagement": ((), "deal with those who supply them"),
    "VendorPayment": (("VendorManagement",), "pay those who supply them"),
    "VendorRecordsManagement": (("VendorManagement",), "keep records of those who supply them"),
    "VendorSelectionAssessment": (("VendorManagement",), "choose who supplies them"),
    # fitting things to a person
    "Personalisation": ((), "fit things to you"),
    "ServicePersonalisation": (
        ("Personalisation", "ServiceManagement"),
        "fit their service to you",
    ),
    "PersonalisedBenefits": (("ServicePersonalisation",), "offer benefits that are fitted to you"),
    "ProvidePersonalisedRecommendations": (
        ("ServicePersonalisation",),
        "recommend things to you",
    ),
    "ProvideEventRecommendations": (
        ("ProvidePersonalisedRecommendations",),
        "recommend events to you",
    ),
    "ProvideProductRecommendations": (
        ("ProvidePersonalisedRecommendations",),
        "recommend products to you",
    ),
    "UserInterfacePersonalisation": (("ServicePersonalisation",), "fit their screens to you"),
    # the common good
    "PublicBenefit": ((), "serve the public"),
    "CombatClimateChange": (("PublicBenefit",), "act against climate change"),
    "Counterterrorism": (("PublicBenefit",), "prevent terrorism"),
    "DataAltruism": (("PublicBenefit",), "use what people share for the common good"),
    "ImproveHealthcare": (("PublicBenefit",), "improve health care"),
    "ImprovePublicServices": (("PublicBenefit",), "improve public services"),
    "ImproveTransportMobility": (("PublicBenefit",), "improve transport"),
    "ProtectionOfNationalSecurity": (("PublicBenefit",), "protect a country"),
    "ProtectionOfPublicSecurity": (("PublicBenefit",), "protect the public"),
    "ProvideOfficialStatistics": (("PublicBenefit",), "make official statistics"),
    "PublicPolicyMaking": (("PublicBenefit",), "prepare public policy"),
    # research
    "ResearchAndDevelopment": ((), "do research or develop something new"),
    "AcademicResearch": (("ResearchAndDevelopment",), "do research at a university or the like"),
    "CommercialResearch": (
        ("CommercialPurpose", "ResearchAndDevelopment"),
        "do research to earn money",
    ),
    "NonCommercialResearch": (
        ("NonCommercialPurpose", "ResearchAndDevelopment"),
        "do research without earning money",
    ),
    "ScientificResearch": (("ResearchAndDevelopment",), "do scientific research"),
    # services
    "ServiceManagement": ((), "run a service"),
    "PaymentManagement": (("ServiceManagement",), "handle payments"),
    "RepairImpairments": (("ServiceManagement",), "repair what does not work"),
    "ServiceAccessDetermination": (
        ("ServiceManagement",),
        "find out whether you may use a service",
    ),
    "ServiceMonitoring": (("ServiceManagement",), "watch how their service runs"),
    "ServiceUsageAnalytics": (("ServiceMonitoring",), "study how their service is used"),
    "ServiceRegistration": (("ServiceManagement",), "sign you up for a service"),
    "ServiceOptimisation": (("ServiceManagement",), "improve a service"),
    "OptimisationForConsumer": (("ServiceOptimisation",), "improve a service for you"),
    "OptimiseUserInterface": (("OptimisationForConsumer",), "improve their screens"),
    "OptimisationForController": (("ServiceOptimisation",), "improve a service for themselves"),
    "ImproveExistingProductsAndServices": (
        ("OptimisationForController",),
        "improve what they offer",
    ),
    "IncreaseServiceRobustness": (
        ("OptimisationForController",),
        "make their service more reliable",
    ),
    "InternalResourceOptimisation": (
        ("OptimisationForController",),
        "use their own means better",
    ),
    "ServiceProvision": (("ServiceManagement",), "provide a service to you"),
    "RequestedServiceProvision": (("ServiceProvision",), "provide a service that you asked for"),
    "DeliveryOfGoods": (("RequestedServiceProvision",), "deliver what you ordered"),
    "SearchFunctionalities": (("ServiceProvision",), "let you search"),
    "TechnicalServiceProvision": (("ServiceProvision",), "make a service work technically"),
    "SellProducts": (("ServiceProvision",), "sell something"),
    "SellDataToThirdParties": (("SellProducts",), "sell data to others"),
    "SellInsightsFromData": (("SellProducts",), "sell what they learn from data"),
    "SellProductsToDataSubject": (("SellProducts",), "sell something to you"),
}
